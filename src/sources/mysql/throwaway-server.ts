/** A MySQL or MariaDB for a drill: made in a folder of its own, reached through a private socket alone. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startBackground, whenReady } from '../../kernel/background-process.ts';
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
import { type Family, parseMysqlUrl } from './connection.ts';
import { programsName, viewsName } from './part-name.ts';
import { type Account, addDefiners } from './definer-accounts.ts';
import { readScriptFacts } from './script-facts.ts';
import { findServer, type ServerProgram } from './server-program.ts';
import { openSession } from './session.ts';

const readyPauseMs = 50;
const defaultStartTimeout = 60_000;

/** What servers and clients say when the machine lacks something that the snapshot cannot bring. */
const lacking = [
  /Unknown (?:collation|character set|storage engine)/i,
  /plugin '[^']*' is not loaded/i,
  /No space left on device|The table '[^']*' is full|Out of memory|Too many open files/i,
  /(?:is not installed|is here in version .* alone)$/,
];

/** What is wanted of the server. */
export interface ThrowawayWishes {
  readonly family: Family;
  /** the version that it was */
  readonly server: string;
  /** the one that its URL names; it is not made */
  readonly database: string;
  /** Whom views and programs run as; asked when a server that fits was found. */
  definers(): Promise<readonly Account[]>;
}

export function startThrowawayMysql(
  stored: StoredDatabase,
  options: ThrowawayOptions,
): Promise<ThrowawayServer> {
  const { kind, server, database } = stored.evidence;
  const family: Family = kind === 'mariadb' ? 'mariadb' : 'mysql';
  return startThrowawayFor({ family, server, database, definers: () => definersOf(stored) }, options);
}

export async function startThrowawayFor(
  wishes: ThrowawayWishes,
  options: ThrowawayOptions,
): Promise<ThrowawayServer> {
  const { signal } = options;
  const { family } = wishes;
  const search = { environment: options.environment, signal, folder: options.programs };
  const program = await findServer(family, wishes.server, search);
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeThrowawayFolder(options.temporaryFolder, 'run/s', ['mysql']));
  const environment = cleanEnvironment(options, folder.path);
  const data = join(folder.path, 'data');
  const socket = join(await folder.make('run'), 's');
  const password = randomBytes(24).toString('hex');
  const users = await wishes.definers();
  await initialise(program, family, folder, data, environment, signal);

  const first = join(folder.path, 'first.sql');
  await writeFile(first, firstStatements(password, users));
  await chmod(first, 0o644);
  const server = startBackground(
    program.path,
    serverArguments(program, family, { data, socket, first, folder: folder.path }),
    {
      ...{ env: environment, cwd: folder.path, identity: folder.identity, stopSignal: 'SIGKILL' },
    },
  );
  stack.defer(() => server.stop());
  await whenReady(
    family,
    server,
    () => answers(socket),
    () => delay(readyPauseMs),
    (options.startTimeout ?? defaultStartTimeout) / readyPauseMs,
  );

  const name = encodeURIComponent(wishes.database);
  const url = `${family}://root@/${name}?socket=${encodeURIComponent(socket)}&ssl-mode=DISABLED`;
  const connection = { environment, password, programs: options.programs ?? dirname(program.path) };
  const session = stack.use(await openSession(parseMysqlUrl(url), { ...connection, signal }));
  const query = (sql: string): Promise<string> => session.query(`${sql}\n;\n`);
  const running = stack.move();
  return {
    name: `${family === 'mysql' ? 'MySQL' : 'MariaDB'} ${session.server.fullVersion}`,
    url,
    connection,
    // with the character set and the collation that it had
    choices: { create: true },
    madeUp: users.length === 0 ? [] : [`users ${users.map(shownUser).join(', ')}: made up for the drill`],
    query,
    findings: async () => [],
    async counts() {
      const [constraints] = (
        await query(
          'select count(*) from information_schema.table_constraints where table_schema = database()',
        )
      ).split('\n');
      return { constraints: Number(constraints) };
    },
    isMissingHere: (message) => lacking.some((pattern) => pattern.test(message)),
    async ended() {
      const how = await server.endedSoon();
      return how === undefined ? undefined : `${family} ${how}: ${server.lastWords()}`;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function initialise(
  { path, base }: ServerProgram,
  family: Family,
  folder: ThrowawayFolder,
  data: string,
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const based = base === undefined ? [] : [`--basedir=${base}`];
  const child = { env, cwd: folder.path, identity: folder.identity, signal };
  try {
    if (family === 'mysql') {
      const quick = ['--innodb-doublewrite=OFF', '--innodb-flush-method=nosync', '--skip-log-bin'];
      await runProcess(
        path,
        ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...based, ...quick],
        '',
        child,
      );
    } else {
      const script = ['mariadb-install-db', 'mysql_install_db']
        .flatMap((name) =>
          [dirname(path), join(dirname(path), '..', 'bin'), join(dirname(path), '..', 'scripts')].map(
            (room) => join(room, name),
          ),
        )
        .find((candidate) => existsSync(candidate));
      const quick = [
        '--skip-test-db',
        '--skip-name-resolve',
        '--innodb-log-file-size=32M',
        '--innodb-doublewrite=OFF',
      ];
      await runProcess(
        script ?? 'mariadb-install-db',
        [
          '--no-defaults',
          `--datadir=${data}`,
          ...based,
          '--auth-root-authentication-method=normal',
          ...quick,
        ],
        '',
        child,
      );
    }
  } catch (error) {
    if (!hasCode(error, 'failed')) throw error;
    const mayNot = folder.identity && /EACCES|ermission denied|status 127/.test(error.message);
    throw notHere(messageOf(error), {
      hint: mayNot ? await closedFolderHint(path, folder.path, folder.identity) : undefined,
      cause: error,
    });
  }
}

/** Quick, small, and deaf to everybody but us: what it holds need not survive anything. */
function serverArguments(
  { base }: ServerProgram,
  family: Family,
  { data, socket, first, folder }: { data: string; socket: string; first: string; folder: string },
): string[] {
  const settings: Record<string, string> = {
    datadir: data,
    socket,
    tmpdir: folder,
    'pid-file': join(folder, 'run', 'pid'),
    'init-file': first,
    'secure-file-priv': join(folder, 'run'),
    'innodb-flush-log-at-trx-commit': '0',
    'innodb-doublewrite': 'OFF',
    'innodb-buffer-pool-size': '128M',
    'max-allowed-packet': '1G',
    'max-connections': '16',
    'performance-schema': 'OFF',
    'character-set-server': 'utf8mb4',
    'default-time-zone': '+00:00',
    // the events of a dump must not begin to work
    'event-scheduler': 'OFF',
    ...(base !== undefined && { basedir: base }),
    ...(family === 'mysql'
      ? {
          mysqlx: 'OFF',
          'innodb-flush-method': 'nosync',
          ...(base !== undefined && { 'plugin-dir': join(base, 'lib', 'mysql', 'plugin') }),
        }
      : { 'innodb-log-file-size': '256M' }),
  };
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  return ['--no-defaults', '--skip-networking', '--skip-log-bin', ...flags];
}

/** Whom views and programs run as: without these users they could be restored, and not be used. */
async function definersOf({ evidence, read }: StoredDatabase): Promise<readonly Account[]> {
  if (evidence.format) return (await readScriptFacts(read(evidence.parts[0]!.name))).definers;
  const users = new Map<string, Account>();
  for (const { name } of evidence.parts) {
    if (name !== programsName && name !== viewsName) continue;
    const text = Buffer.concat(await Array.fromAsync(read(name), (piece) => Buffer.from(piece))).toString();
    addDefiners(text, users);
  }
  return [...users.values()];
}

function firstStatements(password: string, users: readonly Account[]): string {
  const quoted = (text: string): string =>
    `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n')}'`;
  // nobody can log in as one of them: the password is known to nobody
  const made = users.flatMap(([user, host]) => {
    const account = `${quoted(user)}@${quoted(host)}`;
    const secret = randomBytes(24).toString('hex');
    return [
      `create user if not exists ${account} identified by '${secret}';`,
      `grant all on *.* to ${account};`,
    ];
  });
  return [...made, `alter user root@localhost identified by '${password}';`, ''].join('\n');
}

function shownUser([user, host]: Account): string {
  return `${user}@${host}`;
}

async function answers(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  const client = connect(socket);
  try {
    await once(client, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    client.destroy();
  }
}
