/** The one database of a server for a drill, made as the one was that was backed up, with the roles and tablespaces it needs. */
import { hasCode } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import type { DatabaseLocale, Evidence } from '../database/evidence.ts';
import { notHere } from '../database/not-here.ts';
import type { ThrowawayFolder } from '../database/throwaway-folder.ts';
import { createDatabaseSql } from './create-database.ts';
import { quoteName, quoteText } from './dump-tokens.ts';
import { collectNeeds, editDump, type Needs } from './edit-dump.ts';

export const user = 'postgres';
export const database = 'drill';

/** What is wanted of the server and its one database. */
export interface DatabaseWishes extends Pick<Evidence, 'server' | 'encoding' | 'locale'> {
  readonly extensions: readonly string[];
  readonly tables: number;
  /** Roles and tablespaces to be made up; asked when a server that fits was found. */
  needs(): Promise<Needs>;
}

/** Makes the database, and what it needs of its server; names what cannot be made. */
export async function makeDatabase(
  wishes: DatabaseWishes,
  major: number,
  folder: ThrowawayFolder,
  query: (sql: string, database?: string) => Promise<string>,
): Promise<string[]> {
  const here = new Set(
    (await query('select name from pg_catalog.pg_available_extensions', 'postgres')).split('\n'),
  );
  const absent = wishes.extensions.filter((name) => !here.has(name));
  if (absent.length > 0) {
    const verb = absent.length === 1 ? `extension ${absent[0]} is` : `extensions ${absent.join(', ')} are`;
    throw notHere(`${verb} not installed here`, {
      hint: 'install the packages that bring them, or drill on the machine of the database',
    });
  }
  const { roles, tablespaces } = await wishes.needs();
  const named = { roles: new Set(roles), tablespaces };
  named.roles.delete(user);
  const statements = [...named.roles].map((role) => `create role ${quoteName(role)};`);
  for (const [i, space] of [...named.tablespaces].entries()) {
    const place = await folder.make(`tablespace-${i}`);
    statements.push(`create tablespace ${quoteName(space)} location ${quoteText(place)};`);
  }
  const otherwise = await createDatabase(wishes, major, query);
  // names are kept in the encoding of the database in which they are given
  await query(statements.join('\n'));
  const told = (what: string, names: ReadonlySet<string>): string[] =>
    names.size === 0 ? [] : [`${what} ${[...names].join(', ')}: made up for the drill`];
  return [...told('roles', named.roles), ...told('tablespaces', named.tablespaces), ...otherwise];
}

/** What the dump speaks of that stands outside of its database. */
export async function needsOf({ evidence, read }: StoredDatabase): Promise<Needs> {
  const needs: Needs = { roles: new Set(), tablespaces: new Set() };
  const collect = collectNeeds(({ text }) => text, needs);
  for (const { name } of evidence.parts) {
    if (name.startsWith('2-data.')) continue;
    for await (const _ of editDump(read(name), collect));
  }
  return needs;
}

/** As it was, as far as this machine knows the locale. Answers with what had to be otherwise. */
async function createDatabase(
  { encoding, locale }: DatabaseWishes,
  major: number,
  query: (sql: string, database?: string) => Promise<string>,
): Promise<string[]> {
  const create = async (own: DatabaseLocale | undefined): Promise<void> =>
    void (await query(
      createDatabaseSql({ name: database, encoding, locale: own, owner: undefined, major }),
      'postgres',
    ));
  try {
    await create(locale);
    return [];
  } catch (error) {
    if (!locale || !hasCode(error, 'failed')) throw error;
    await create({ provider: 'libc', collate: 'C', ctype: 'C' });
    return [`the locale ${locale.locale ?? locale.collate} is not here: text is sorted as in C`];
  }
}
