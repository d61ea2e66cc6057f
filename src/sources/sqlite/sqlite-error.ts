/** From SQLite's result codes to sentences that say what to do. */
import { type ErrorCode, HoldfastError, messageOf } from '../../kernel/errors.ts';

/** https://www.sqlite.org/rescode.html */
export const results = {
  error: 1,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

/** SQLite's result code without its extension; undefined when something else failed. */
export function resultOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** True when SQL needs what a program adds to its own SQLite: a collation, a function, a module. */
export function needsExtension(error: unknown): boolean {
  return resultOf(error) === results.error && /no such (collation|function|module)/.test(messageOf(error));
}

/** The error for what node:sqlite threw about a database; anything else is handed back as it is. */
export function sqliteError(error: unknown, path: string): unknown {
  const result = resultOf(error);
  if (result === undefined || error instanceof HoldfastError) return error;
  const say = (code: ErrorCode, text: string, hint: string, retryable = false): HoldfastError =>
    new HoldfastError(code, `${path} ${text}`, { hint, retryable, cause: error });
  switch (result) {
    case results.busy:
    case results.locked:
      return say('failed', 'is locked by another program', 'try again when it has finished its work', true);
    case results.readOnly:
      return say(
        'failed',
        'was left by a program that crashed, and must be recovered first',
        'open it once with its own program, or with sqlite3',
      );
    case results.corrupt:
      return say('corrupt', `is damaged: ${messageOf(error)}`, 'sqlite3 has .recover for what can be saved');
    case results.full:
      return say('disk-full', 'has no room on the disk', 'free some space');
    case results.cannotOpen:
      return say(
        'forbidden',
        'cannot be opened',
        'this user must be able to read it, and to write to its folder when it uses a write-ahead log',
      );
    case results.notADatabase:
      return say('failed', 'is not a SQLite database', 'an encrypted one needs its own program');
    case results.ioError:
      return say('failed', `cannot be read: ${messageOf(error)}`, 'look into the system log');
    default:
      return new HoldfastError('failed', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** People know their database, not its copy. */
export function namedAfter(error: unknown, copy: string, database: string): unknown {
  if (!(error instanceof HoldfastError)) return error;
  const { code, hint, retryable } = error;
  const details = { ...(hint === undefined ? {} : { hint }), retryable, cause: error };
  return new HoldfastError(code, messageOf(error).replaceAll(copy, database), details);
}
