/** A server as what is backed up: all of its databases, or those that patterns mean. */
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseNames, ServerAddress, ServerOptions } from '../database/driver.ts';
import { meansEveryDatabase } from '../database/every-database.ts';
import { connectionEnvironment, parsePostgresUrl, type PostgresConnection } from './connection.ts';
import { parseDatabasePattern } from './name-pattern.ts';
import { findProgram } from './programs.ts';
import { askPsql } from './server-facts.ts';
import { sqlText } from './sql-text.ts';

/** Databases that every server has, unless somebody removed one: one of them answers for all. */
const maintenance = ['postgres', 'template1'];

/** The server that a URL means; undefined when it means one database. */
export function postgresServer(url: string): ServerAddress | undefined {
  if (!meansEveryDatabase(url)) return undefined;
  const connection = parsePostgresUrl(url, maintenance[0]);
  return {
    password: connection.password,
    databases: (names, options) => listDatabases(connection, names, options),
  };
}

async function listDatabases(
  connection: PostgresConnection,
  { databases, excludeDatabases }: DatabaseNames,
  { environment, password, programs, signal, stallTimeout }: ServerOptions,
): Promise<string[]> {
  const psql = await findProgram('psql', { environment, signal, folder: programs });
  const patterns = [
    ...databases.map((pattern) => ({ pattern, flag: '--database' })),
    ...excludeDatabases.map((pattern) => ({ pattern, flag: '--exclude-database' })),
  ];
  const question = questionFor(patterns.map(({ pattern }) => pattern));
  const ask = (database: string): Promise<readonly (readonly [name: string, ...matches: boolean[]])[]> => {
    const env = connectionEnvironment({ ...connection, database }, environment, password);
    return askPsql(psql.path, question, { env, signal, stallTimeout });
  };
  const found = await ask(maintenance[0]!).catch((error: unknown) => {
    const absent = hasCode(error, 'failed') && /database "postgres" does not exist/.test(error.message);
    if (absent) return ask(maintenance[1]!);
    throw error;
  });
  const idle = patterns.filter((_, i) => !found.some((row) => row[i + 1]));
  if (idle.length > 0) {
    const named = idle.map(({ flag, pattern }) => `${flag} ${pattern}`).join(', ');
    throw new HoldfastError('not-found', `no database of the server matches ${named}`, {
      hint: 'templates, and databases that allow no connections, are left out in any case',
    });
  }
  const names = found
    .filter(([, ...matches]) => {
      const included = databases.length === 0 || matches.slice(0, databases.length).includes(true);
      return included && !matches.slice(databases.length).includes(true);
    })
    .map(([name]) => name);
  if (names.length > 0) return names;
  throw new HoldfastError('not-found', 'no database of the server is left to back up');
}

/** Rows of a name and, for each pattern, whether it matches; a limit of -2 marks what is left of a cut off DROP. */
function questionFor(patterns: readonly string[]): string {
  const columns = patterns.map(
    (pattern) => `, datname operator(pg_catalog.~) ${sqlText(parseDatabasePattern(pattern))}`,
  );
  return `
select coalesce(json_agg(json_build_array(datname${columns.join('')}) order by datname), '[]')
from pg_catalog.pg_database where datallowconn and not datistemplate and datconnlimit <> -2;
`;
}
