/** A SQLite database in use as a source: one consistent copy of its file, and evidence of what is in it beside it. */
import { createReadStream } from 'node:fs';
import { messageOf, HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import type { Entry } from '../entry.ts';
import { rawPath } from '../files/path.ts';
import type { Source } from '../source.ts';
import { copyDatabase } from './consistent-copy.ts';
import { gatherEvidence } from './evidence.ts';

export interface SqliteSourceOptions {
  /** absolute path of the database file; the snapshot has the copy under the same path */
  readonly database: string;
  /** has room for a copy of the database while it is read */
  readonly temporaryFolder: string;
  /** one sentence about what could not be checked */
  warn(message: string): void;
}

const evidenceSuffix = '.evidence.json';
const pieceBytes = 1 << 20;

/**
 * Yields the database file, and `NAME.evidence.json` beside it, when the copy has passed its check.
 * Codes `not-found`, `forbidden`, `corrupt`, `disk-full`, `interrupted`, `failed`.
 */
export function sqliteSource(options: SqliteSourceOptions): Source {
  return { name: `sqlite:${options.database}`, entries: (signal) => entries(options, signal) };
}

async function* entries(options: SqliteSourceOptions, signal: AbortSignal): AsyncIterable<Entry> {
  const { database } = options;
  await using copy = await copyDatabase(database, options.temporaryFolder, signal);
  const evidence = await gatherEvidence(copy.path, signal, options.warn).catch((error: unknown) => {
    throw namedAfter(error, copy.path, database);
  });
  const { permissions, modified } = copy;
  const entry = (suffix: string, bytes: AsyncIterable<Uint8Array>): Entry => ({
    path: rawPath(`${database}${suffix}`),
    permissions,
    modified,
    content: { kind: 'stream', bytes },
  });
  yield entry('', readCopy(copy.path, signal));
  const text = `${JSON.stringify(evidence, undefined, 2)}\n`;
  yield entry(evidenceSuffix, once(Buffer.from(text)));
}

async function* readCopy(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) {
    throwIfAborted(signal);
    yield piece as Buffer;
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** People know their database, not its copy. */
function namedAfter(error: unknown, copy: string, database: string): unknown {
  if (!(error instanceof HoldfastError)) return error;
  const { code, hint, retryable } = error;
  const details = { ...(hint === undefined ? {} : { hint }), retryable, cause: error };
  return new HoldfastError(code, messageOf(error).replaceAll(copy, database), details);
}
