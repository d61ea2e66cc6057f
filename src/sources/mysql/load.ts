/** Sends a dump through the stock client, which stops at the first error. */
import { runProcess } from '../../kernel/process.ts';
import { findProgram } from './programs.ts';
import type { Session } from './session.ts';

export type Load = (sql: AsyncIterable<Uint8Array>, database?: string) => Promise<string>;

/** In binary mode data cannot speak to the client, and zero bytes pass. */
const loadArguments = ['--binary-mode', '--max-allowed-packet=1G', '--skip-auto-rehash'];

/** Code `failed` with the client's own words. */
export async function openLoad(session: Session, warn: (message: string) => void): Promise<Load> {
  const client = await findProgram('client', session.search, session.server);
  const args = [...session.enter(client), ...loadArguments];
  const child = { ...session.child, onWarning: warn };
  return (sql, database) => {
    const named = database === undefined ? [] : [`--database=${database}`];
    return runProcess(client.path, [...args, ...named], sql, child);
  };
}
