/** What belongs to a server and to none of its databases: roles with their grants and settings, tablespaces. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { readProcess, type ProcessOptions } from '../../kernel/process.ts';
import { plainRestrictWord } from './dump-parts.ts';
import { findProgram, type ProgramSearch } from './programs.ts';
import type { ServerFacts } from './server-facts.ts';

export interface Globals {
  readonly sql: Uint8Array;
  /** whether roles have the hashes of their passwords */
  readonly passwords: boolean;
}

/**
 * What pg_dumpall says of the server, asked through the database that is backed up: it is one that the user may enter.
 * Only who may read pg_authid gets hashes of passwords. Code `failed` with pg_dumpall's own words.
 */
export async function dumpGlobals(
  database: string,
  facts: Pick<ServerFacts, 'major' | 'readsPasswords'>,
  search: ProgramSearch,
  child: ProcessOptions,
): Promise<Globals> {
  const program = await findProgram('pg_dumpall', search, facts.major);
  const passwords = facts.readsPasswords;
  const args = ['--globals-only', '--no-password', `--database=dbname=${connectionValue(database)}`];
  const pieces: Buffer[] = [];
  try {
    const all = passwords ? args : [...args, '--no-role-passwords'];
    for await (const piece of readProcess(program.path, all, child)) pieces.push(Buffer.from(piece));
  } catch (cause) {
    if (!(cause instanceof HoldfastError) || cause.code !== 'failed') throw cause;
    throw new HoldfastError('failed', messageOf(cause), {
      hint: 'roles and tablespaces could not be read; --no-globals leaves them out',
      cause,
    });
  }
  return { sql: withPlainWord(Buffer.concat(pieces)), passwords };
}

/** As a value of a connection string, where a name like `a=b` would have a meaning. */
export function connectionValue(value: string): string {
  return `'${value.replaceAll(/[\\']/g, '\\$&')}'`;
}

/** With the word that is always the same for the random one that frames the text. */
function withPlainWord(sql: Buffer): Buffer {
  const text = sql.toString('latin1');
  const word = /^(?:[^\n]*\n){0,16}?\\restrict ([A-Za-z0-9]+)\n/.exec(text)?.[1];
  if (word === undefined) return sql;
  const first = text.indexOf(`\\restrict ${word}\n`);
  const last = text.lastIndexOf(`\\unrestrict ${word}\n`);
  const between = text.slice(first, last).replace(word, plainRestrictWord);
  const end = text.slice(last).replace(word, plainRestrictWord);
  return Buffer.from(text.slice(0, first) + between + end, 'latin1');
}
