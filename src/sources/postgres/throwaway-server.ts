/** A PostgreSQL for a drill: made by initdb in a folder of its own, reached through a private socket alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BackgroundProcess, startBackground, whenReady } from '../../kernel/background-process.ts';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import type { StoredDatabase } from '../database/driver.ts';
import type { DatabaseLocale, Evidence } from '../database/evidence.ts';
import { makeThrowawayFolder, type ThrowawayFolder } from '../database/throwaway-folder.ts';
import {
  cleanEnvironment,
  type ThrowawayOptions,
  type ThrowawayServer,
} from '../database/throwaway-server.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { createDatabaseSql } from './create-database.ts';
import { quoteName, quoteText } from './dump-tokens.ts';
import { collectNeeds, editDump, type Needs } from './edit-dump.ts';
import { refuseOneFile } from './one-file.ts';
import { findProgram, type FoundProgram } from './programs.ts';

const user = 'postgres';
const database = 'drill';
/** names the socket; there is no TCP */
const port = 5432;
const readyPauseMs = 20;
const defaultStartTimeout = 60_000;

const invalidIndexes = `
select i.indexrelid::pg_catalog.regclass from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid where c.relkind = 'i' and not (i.indisvalid and i.indisready)`;
const mine = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
const counting = `
select (select count(*) from pg_catalog.pg_constraint c join pg_catalog.pg_namespace n on n.oid = c.connamespace where ${mine}),
  (select count(*) from pg_catalog.pg_constraint c join pg_catalog.pg_namespace n on n.oid = c.connamespace
    where ${mine} and not c.convalidated),
  (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where ${mine} and c.relkind in ('i', 'I'))`;

/** What PostgreSQL says when the machine lacks something that the snapshot cannot bring. */
const lacking = [
  /extension "[^"]*" is not available/,
  /could not open extension control file/,
  /could not (?:access file|load library) "/,
  /must be loaded via "?shared_preload_libraries/,
  /(?:role|tablespace|language|access method) "[^"]*" does not exist/,
  /collation "[^"]*" for encoding "[^"]*" does not exist/,
  /could not create locale|ICU is not supported|invalid locale name/,
  /(?:missing|not installed) on the server/,
  /compression method lz4 not supported|unsupported XML feature/,
  /No space left on device|out of (?:shared )?memory|Too many open files/,
];

/** What is wanted of the server and its one database. */
export interface ThrowawayWishes extends Pick<Evidence, 'server' | 'encoding' | 'locale'> {
  readonly extensions: readonly string[];
  readonly tables: number;
  /** Roles and tablespaces to be made up; asked when a server that fits was found. */
  needs(): Promise<Needs>;
}

export function startThrowawayPostgres(
  stored: StoredDatabase,
  options: ThrowawayOptions,
): Promise<ThrowawayServer> {
  const { evidence } = stored;
  refuseOneFile(evidence);
  return startThrowawayFor(
    {
      ...evidence,
      extensions: evidence.extensions.map(({ name }) => name),
      tables: evidence.tables.length,
      needs: () => needsOf(stored),
    },
    options,
  );
}

export async function startThrowawayFor(
  wishes: ThrowawayWishes,
  options: ThrowawayOptions,
): Promise<ThrowawayServer> {
  const { signal } = options;
  const major = Number.parseInt(wishes.server, 10);
  const program = await findServer(major, options);
  const bin = dirname(program.path);
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(
    await makeThrowawayFolder(options.temporaryFolder, 'socket/.s.PGSQL.5432', ['postgres']),
  );
  const environment = cleanEnvironment(options, folder.path);
  const data = join(folder.path, 'data');
  const socket = await folder.make('socket');
  await initialise(join(bin, 'initdb'), folder, data, environment, signal);

  const server = startBackground(program.path, ['-D', data, ...settings(socket, wishes.tables)], {
    ...{ env: environment, cwd: folder.path, identity: folder.identity, stopSignal: 'SIGQUIT' },
  });
  stack.defer(async () => {
    await server.stop();
    await removeSharedMemory(data);
  });
  await whenReady(
    'postgres',
    server,
    () => isReady(data),
    () => delay(readyPauseMs),
    (options.startTimeout ?? defaultStartTimeout) / readyPauseMs,
  );

  const connection: PostgresConnection = {
    host: socket,
    port,
    user,
    database,
    variables: {},
    password: undefined,
  };
  const psql = await findProgram('psql', { environment, signal, folder: bin }, program.major);
  const query = (sql: string, where: string = database): Promise<string> => {
    const env = {
      ...connectionEnvironment({ ...connection, database: where }, environment, undefined),
      PGCLIENTENCODING: 'UTF8',
    };
    const quiet = ['-X', '-q', '-w', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-f', '-'];
    return runProcess(psql.path, quiet, `${sql}\n;\n`, { env, signal });
  };
  const madeUp = await prepare(wishes, program.major, folder, query);
  const running = stack.move();
  return {
    name: `PostgreSQL ${program.version}`,
    url: `postgres://${user}@/${database}?host=${encodeURIComponent(socket)}&port=${port}`,
    connection: { environment, password: undefined, programs: bin },
    choices: {},
    madeUp,
    query,
    findings: async () => lines(await query(invalidIndexes)).map((name) => `the index ${name} is not valid`),
    async counts() {
      const [constraints, notValidated, indexes] = (await query(counting)).trim().split('\t').map(Number);
      return { constraints: constraints!, 'constraints not validated': notValidated!, indexes: indexes! };
    },
    isMissingHere: (message) => lacking.some((pattern) => pattern.test(message)),
    ended: () => gone(server),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function findServer(major: number, options: ThrowawayOptions): Promise<FoundProgram> {
  const { environment, signal, programs } = options;
  try {
    return await findProgram('postgres', { environment, signal, folder: programs }, major);
  } catch (error) {
    if (!hasCode(error, 'failed')) throw error;
    const known = error.message.startsWith('postgres is not')
      ? 'PostgreSQL is not installed here'
      : error.message;
    throw missing(
      known,
      `install the package postgresql-${major}, or name the folder of postgres with HOLDFAST_POSTGRES_BIN`,
      error,
    );
  }
}

async function initialise(
  initdb: string,
  { path, identity }: ThrowawayFolder,
  data: string,
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const args = [
    ...['-D', data, '--no-sync', '--no-instructions', '--encoding=UTF8', '--locale=C', `--username=${user}`],
    '--auth=trust',
  ];
  try {
    await runProcess(initdb, args, '', { env, cwd: path, identity, signal });
  } catch (error) {
    if (!hasCode(error, 'failed')) throw error;
    const mayNot = identity && /EACCES|ermission denied/.test(error.message);
    const hint = mayNot
      ? `the user with the number ${identity?.uid} must be able to enter ${dirname(initdb)} and ${dirname(path)}`
      : /could not look up effective user ID/.test(error.message)
        ? 'PostgreSQL wants a line in /etc/passwd for the user that it runs as'
        : undefined;
    throw missing(messageOf(error), hint, error);
  }
}

/** Quick, small, and deaf to everybody but us: what it holds need not survive anything. */
function settings(socket: string, tables: number): string[] {
  const all: Record<string, string> = {
    listen_addresses: '',
    port: String(port),
    unix_socket_directories: socket,
    unix_socket_permissions: '0700',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '1GB',
    max_connections: '16',
    // a dump locks all tables at once
    max_locks_per_transaction: String(Math.max(1024, Math.ceil(tables / 4))),
    shared_buffers: '64MB',
    maintenance_work_mem: '64MB',
    // nothing outside of the folder
    dynamic_shared_memory_type: 'mmap',
    autovacuum: 'off',
    jit: 'off',
    lc_messages: 'C',
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The server writes how far it is into the last line of this file. */
async function isReady(data: string): Promise<boolean> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return text.split('\n')[7]?.trim() === 'ready';
}

/** Makes the database, and what it needs of its server; names what cannot be made. */
async function prepare(
  wishes: ThrowawayWishes,
  major: number,
  folder: ThrowawayFolder,
  query: (sql: string, database?: string) => Promise<string>,
): Promise<string[]> {
  const here = new Set(lines(await query('select name from pg_catalog.pg_available_extensions', 'postgres')));
  const absent = wishes.extensions.filter((name) => !here.has(name));
  if (absent.length > 0) {
    const verb = absent.length === 1 ? `extension ${absent[0]} is` : `extensions ${absent.join(', ')} are`;
    throw missing(
      `${verb} not installed here`,
      'install the packages that bring them, or drill on the machine of the database',
    );
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

async function needsOf({ evidence, read }: StoredDatabase): Promise<Needs> {
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
  { encoding, locale }: ThrowawayWishes,
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

/** After a crash one small segment outlives the server, and the kernel keeps only so many. */
async function removeSharedMemory(data: string): Promise<void> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const segment = text.split('\n')[6]?.trim().split(/\s+/)[1];
  if (segment === undefined) return;
  const child = spawn('ipcrm', ['-m', segment], { stdio: 'ignore' });
  await once(child, 'close').catch(() => {});
}

async function gone(server: BackgroundProcess): Promise<string | undefined> {
  const how = await server.endedSoon();
  return how === undefined ? undefined : `postgres ${how}: ${server.lastWords()}`;
}

function missing(message: string, hint?: string, cause?: unknown): HoldfastError {
  return new HoldfastError('missing-here', `could not be drilled: ${message}`, {
    ...(hint !== undefined && { hint }),
    cause,
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
