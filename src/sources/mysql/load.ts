/** Sends a dump through the stock client, which stops at the first error. */
import { HoldfastError } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import { findProgram } from './programs.ts';
import type { Session } from './session.ts';

export type Load = (sql: AsyncIterable<Uint8Array>, database?: string) => Promise<string>;

/** In binary mode data cannot speak to the client, and zero bytes pass. */
const loadArguments = ['--binary-mode', '--max-allowed-packet=1G', '--skip-auto-rehash'];

/**
 * Code `failed` with the client's own words.
 * @param further arguments of the client
 */
export async function openLoad(
  session: Session,
  warn: (message: string) => void,
  further: readonly string[] = [],
): Promise<Load> {
  const client = await findProgram('client', session.search, session.server);
  const args = [...session.enter(client), ...loadArguments, ...further];
  const child = { ...session.child, onWarning: warn };
  return async (sql, database) => {
    const named = database === undefined ? [] : [`--database=${database}`];
    try {
      return await runProcess(client.path, [...args, ...named], sql, child);
    } catch (cause) {
      throw withHint(cause);
    }
  };
}

/** A statement that is too long ends the connection, and of the reason the client knows nothing. */
function withHint(cause: unknown): unknown {
  if (
    !(cause instanceof HoldfastError) ||
    !/gone away|max_allowed_packet|Lost connection/.test(cause.message)
  ) {
    return cause;
  }
  return new HoldfastError(cause.code, cause.message, {
    hint: 'the server ended, or a row is longer than its max_allowed_packet: SET GLOBAL max_allowed_packet = 1073741824',
    retryable: cause.retryable,
    cause,
  });
}
