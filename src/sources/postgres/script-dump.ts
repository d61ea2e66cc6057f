/** A live database as a script for psql: the roles of its server, then pg_dump's plain form, streamed. */
import { readProcess } from '../../kernel/process.ts';
import { withDumpEnd } from '../database/dump-end.ts';
import type { ScriptChoices, ScriptDatabase, ScriptOptions } from '../database/script.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { connectionValue } from './globals.ts';
import { askAhead, findProgram } from './programs.ts';
import { tolerantRoles } from './script-roles.ts';
import { askServer } from './server-facts.ts';
import { refuseIdleChoices, tableArguments } from './table-choice.ts';

/** Codes `failed` with the programs' own words, `not-found` for a pattern that matches nothing. */
export async function* dumpPostgresScript(
  database: ScriptDatabase,
  choices: ScriptChoices,
  options: ScriptOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const { environment, signal, programs, stallTimeout, warn } = options;
  const search = { environment, signal, folder: programs };
  const child = {
    env: connectionEnvironment(connectionOf(database), environment, database.password),
    ...{ signal, stallTimeout },
  };
  const finding = findProgram('psql', search);
  askAhead(['pg_dump', 'pg_dumpall'], search);
  const psql = await finding;
  const { major } = await askServer(psql.path, child);
  await refuseIdleChoices(psql.path, choices, child);
  const dumper = await findProgram('pg_dump', search, major);
  const roles = await findProgram('pg_dumpall', search, major);
  const told = { ...child, onWarning: warn };
  const name = connectionValue(database.database);
  // hashes of passwords may be read by superusers alone
  const ofRoles = ['--roles-only', '--no-role-passwords', '--no-password', `--database=dbname=${name}`];
  const globals = readProcess(roles.path, ofRoles, told);
  yield await tolerantRoles(
    withDumpEnd(globals, '\n-- PostgreSQL database cluster dump complete\n', 'pg_dumpall'),
  );
  const ofDatabase = ['--format=plain', '--no-password', ...tableArguments(choices)];
  const dump = readProcess(dumper.path, ofDatabase, told);
  yield* withDumpEnd(dump, '\n-- PostgreSQL database dump complete\n', 'pg_dump');
}

export function connectionOf({ host, port, user, database }: ScriptDatabase): PostgresConnection {
  return { host, port, user, database, variables: {}, password: undefined };
}
