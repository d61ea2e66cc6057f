/** A server as what is backed up: all of its databases, or those that patterns mean. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseNames, ServerAddress, ServerOptions } from '../database/driver.ts';
import { meansEveryDatabase } from '../database/every-database.ts';
import { type MysqlConnection, parseMysqlUrl } from './connection.ts';
import { toNameExpression } from './name-pattern.ts';
import { openSession } from './session.ts';

/** Every server has them, and makes them itself. */
const own = ['information_schema', 'performance_schema', 'mysql', 'sys'];

/** The server that a URL means; undefined when it means one database. */
export function mysqlServer(url: string): ServerAddress | undefined {
  if (!meansEveryDatabase(url)) return undefined;
  const connection = parseMysqlUrl(url, own[0]);
  return {
    password: connection.password,
    databases: (names, options) => listDatabases(connection, names, options),
  };
}

async function listDatabases(
  connection: MysqlConnection,
  { databases, excludeDatabases }: DatabaseNames,
  options: ServerOptions,
): Promise<string[]> {
  await using session = await openSession(connection, options);
  const answer = await session.query('select hex(schema_name) from information_schema.schemata;', '');
  const found = answer
    .split('\n')
    .filter((line) => line !== '')
    .map((hex) => Buffer.from(hex, 'hex').toString())
    .filter((name) => !own.includes(name.toLowerCase()))
    .sort();
  const isMatch = (patterns: readonly string[], name: string): boolean =>
    patterns.some((pattern) => toNameExpression(pattern).test(name));
  const idle = [
    ...databases.map((pattern) => ({ pattern, flag: '--database' })),
    ...excludeDatabases.map((pattern) => ({ pattern, flag: '--exclude-database' })),
  ].filter(({ pattern }) => !found.some((name) => isMatch([pattern], name)));
  if (idle.length > 0) {
    const named = idle.map(({ flag, pattern }) => `${flag} ${pattern}`).join(', ');
    throw new HoldfastError('not-found', `no database of the server matches ${named}`, {
      hint: `${own.join(', ')}, and databases that this user may not see, are left out in any case`,
    });
  }
  const names = found.filter(
    (name) => (databases.length === 0 || isMatch(databases, name)) && !isMatch(excludeDatabases, name),
  );
  if (names.length > 0) return names;
  throw new HoldfastError('not-found', 'no database of the server is left to back up');
}
