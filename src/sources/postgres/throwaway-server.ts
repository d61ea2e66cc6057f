/** A PostgreSQL for a drill: made by initdb in a folder of its own, reached through a private socket alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BackgroundProcess, startBackground, whenReady } from '../../kernel/background-process.ts';
import { hasCode, messageOf } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { closedFolderHint } from '../database/closed-folder.ts';
import { notHere } from '../database/not-here.ts';
import { makeThrowawayFolder, type ThrowawayFolder } from '../database/throwaway-folder.ts';
import {
  cleanEnvironment,
  type ThrowawayOptions,
  type ThrowawayServer,
} from '../database/throwaway-server.ts';
import { connectionEnvironment, type PostgresConnection } from './connection.ts';
import { refuseOneFile } from './one-file.ts';
import { findProgram, type FoundProgram } from './programs.ts';
import { type DatabaseWishes, database, makeDatabase, needsOf, user } from './throwaway-database.ts';

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

/** What it says when the choice of tables left out something that these need. */
const leftOut =
  /(?:schema|relation|type|function|operator|collation|text search \w+|extension) .* does not exist|, and neither in the dump nor in the database /;

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
  wishes: DatabaseWishes,
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
  const madeUp = await makeDatabase(wishes, program.major, folder, query);
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
    isLeftOut: (message) => leftOut.test(message),
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
    throw notHere(known, {
      hint: `install the package postgresql-${major}, or name the folder of postgres with HOLDFAST_POSTGRES_BIN`,
      cause: error,
    });
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
      ? await closedFolderHint(initdb, path, identity)
      : /could not look up effective user ID/.test(error.message)
        ? 'PostgreSQL wants a line in /etc/passwd for the user that it runs as'
        : undefined;
    throw notHere(messageOf(error), { hint, cause: error });
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

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
