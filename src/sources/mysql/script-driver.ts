/** Scripts of MySQL and MariaDB: dumped, put in the place of a database, and verified in a server of their own. */
import { basename } from 'node:path';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { readProcess } from '../../kernel/process.ts';
import { withDumpEnd } from '../database/dump-end.ts';
import type {
  OpenScript,
  ScriptChoices,
  ScriptDatabase,
  ScriptDriver,
  ScriptOptions,
  ScriptRestoreOptions,
  ScriptRestoreResult,
  ScriptVerification,
  ScriptVerifyOptions,
} from '../database/script.ts';
import { type MysqlConnection, parseMysqlUrl } from './connection.ts';
import { askDatabase } from './database-facts.ts';
import { quoteIdentifier } from './identifier.ts';
import { openLoad } from './load.ts';
import { findProgram } from './programs.ts';
import { askSight } from './rights.ts';
import { scriptArguments } from './script-arguments.ts';
import { readScriptFacts } from './script-facts.ts';
import { openSession, type Session } from './session.ts';
import { chooseTables } from './table-choice.ts';
import { startThrowawayFor } from './throwaway-server.ts';

export const mysqlScripts: ScriptDriver = { dump, size, restore, verify };

/** Tables, their rows and what refers to them, in one transaction; each table is dropped before it is made. */
async function* dump(
  database: ScriptDatabase,
  choices: ScriptChoices,
  options: ScriptOptions,
): AsyncGenerator<Uint8Array, void, void> {
  await using session = await openScriptSession(database, options);
  const facts = await askDatabase(session);
  const chosen = chooseTables(facts.tables, choices);
  const dumper = await findProgram('dump', session.search, session.server);
  const leftOut = options.leftOut ?? options.warn;
  const { lacking, events } = await askSight(session, false);
  for (const lack of lacking) leftOut(lack);
  const { whole, structure } = scriptArguments(database.database, dumper.family, chosen, events);
  const child = { ...session.child, onWarning: options.warn };
  const enter = session.enter(dumper);
  for (const args of structure ? [whole, structure] : [whole]) {
    const script = readProcess(dumper.path, [...enter, ...args], child);
    yield* withDumpEnd(script, '\n-- Dump completed', basename(dumper.path));
  }
}

async function size(database: ScriptDatabase, options: ScriptOptions): Promise<string> {
  await using session = await openScriptSession(database, options);
  return (await summary(session)).size;
}

/** As the administrator: in the place of what was there. Without one: table by table, as far as the user may. */
async function restore(
  database: ScriptDatabase,
  open: OpenScript,
  options: ScriptRestoreOptions,
): Promise<ScriptRestoreResult> {
  const { administrator, tell } = options;
  const name = quoteIdentifier(database.database);
  tell('Checking that the backup is whole ...');
  await readScriptFacts(open());
  const who = administrator ?? { user: database.user, password: database.password };
  await using session = await openScriptSession({ ...database, ...who }, options);
  const question = `select default_character_set_name, default_collation_name from information_schema.schemata
    where schema_name = ${quoted(database.database)};`;
  const [charset, collation] = (await session.query(question, '')).trim().split('\t');
  const exists = charset !== undefined && charset !== '';
  if (administrator && exists) {
    tell(`Dropping the database ${database.database} ...`);
    await session.query(`drop database ${name};`, '');
  }
  if (administrator || !exists) {
    tell(`Making the database ${database.database} ...`);
    const as = exists ? ` character set ${charset} collate ${collation}` : '';
    await session.query(`create database ${name}${as};`, '');
  }
  tell('Restoring ...');
  const load = await openLoad(session, options.warn, options.ignoreErrors ? ['--force'] : []);
  try {
    await load(open(), database.database);
  } catch (error) {
    if (!hasCode(error, 'failed')) throw error;
    throw new HoldfastError(
      'failed',
      `the database ${database.database} is restored in part: ${messageOf(error)}`,
      { hint: error.hint ?? '-I goes on after statements that fail', cause: error },
    );
  }
  if (administrator) await grant(session, database, name);
  return await summary(session);
}

async function verify(
  database: ScriptDatabase,
  open: OpenScript,
  options: ScriptVerifyOptions,
): Promise<ScriptVerification> {
  const { environment, signal, programs, temporaryFolder, warn } = options;
  const facts = await readScriptFacts(open());
  await using server = await startThrowawayFor(
    {
      family: facts.family,
      server: facts.server ?? '0.0',
      database: database.database,
      definers: async () => facts.definers,
    },
    { environment, programs, temporaryFolder, signal, startTimeout: options.serverTimeout },
  );
  await using session = await openSession(parseMysqlUrl(server.url), { ...server.connection, signal });
  try {
    await session.query(`create database ${quoteIdentifier(database.database)};`, '');
    const load = await openLoad(session, warn, options.ignoreErrors ? ['--force'] : []);
    await load(open(), database.database);
  } catch (error) {
    const ended = await server.ended();
    if (ended !== undefined) throw new HoldfastError('failed', ended, { cause: error });
    if (!hasCode(error, 'failed') || !server.isMissingHere(messageOf(error))) throw error;
    throw new HoldfastError('missing-here', `could not be verified here: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const found = await summary(session);
  if (found.tables === 0) {
    throw new HoldfastError('failed', 'no tables were found in the restored database');
  }
  return { ...found, server: server.name, madeUp: server.madeUp };
}

function openScriptSession(database: ScriptDatabase, options: ScriptOptions): Promise<Session> {
  const { host, port, user, kind } = database;
  const connection: MysqlConnection = {
    family: kind === 'mysql' ? 'mysql' : 'mariadb',
    ...{ host, port, user, socket: undefined, database: database.database },
    ...{ sslMode: undefined, tls: {}, password: undefined },
  };
  return openSession(connection, { ...options, password: database.password });
}

async function summary(session: Session): Promise<ScriptRestoreResult> {
  const answer = await session.query(
    `select count(*), ifnull(round(sum(data_length + index_length) / 1024 / 1024, 1), 0)
      from information_schema.tables where table_schema = database() and table_type like '%TABLE%';`,
  );
  const [tables, megabytes] = answer.trim().split('\t');
  return { tables: Number(tables), size: `${megabytes} MB` };
}

/** Each account of the user's name; one that is missing is made, with the password that it is known by. */
async function grant(session: Session, { user, password }: ScriptDatabase, name: string): Promise<void> {
  if (user === undefined || user === 'root') return;
  const hosts = (await session.query(`select host from mysql.user where user = ${quoted(user)};`, 'mysql'))
    .split('\n')
    .filter((line) => line !== '');
  const statements =
    hosts.length > 0
      ? hosts.map((host) => `grant all on ${name}.* to ${quoted(user)}@${quoted(host)};`)
      : [
          `create user ${quoted(user)}@'%' identified by ${quoted(password ?? '')};`,
          `grant all on ${name}.* to ${quoted(user)}@'%';`,
        ];
  await session.query(statements.join('\n'), '');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
