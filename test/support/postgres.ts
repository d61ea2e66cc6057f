/** A PostgreSQL of the test's own: a free loopback port, a private socket, its data in a temporary folder. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DatabaseServer } from './database-server.ts';
import { runProgram } from './program.ts';
import { freePort, type Server, startServer } from './server.ts';
import { removeTree } from './temp.ts';
import { fromTemplate } from './template.ts';
import { toolPath } from './tools.ts';
import { giveToUnprivileged, runUnprivileged } from './unprivileged.ts';

export interface PostgresOptions {
  readonly major: 15 | 18;
  /** further settings of the server, as in postgresql.conf */
  readonly settings?: Readonly<Record<string, string>>;
}

const user = 'postgres';
const password = 'holdfast-test-secret';

/** Starts PostgreSQL; it answers within a few seconds. The socket asks for no password, TCP does. */
export async function startPostgres(options: PostgresOptions): Promise<DatabaseServer> {
  const command = toolPath(`postgres${options.major}`);
  const bin = dirname(command);
  const folder = mkdtempSync(join(tmpdir(), `holdfast-pg${options.major}-`));
  try {
    const data = join(folder, 'data');
    giveToUnprivileged(folder);
    await fromTemplate(`postgres${options.major}`, data, () => initialise(bin, folder, data));
    const port = await freePort();
    const env = { PGHOST: folder, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
    const query = async (database: string, sql: string): Promise<string> => {
      const args = ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-f', '-'];
      const psql = await runProgram(join(bin, 'psql'), args, {
        env: { ...env, PGDATABASE: database },
        input: sql,
      });
      return psql.stdout;
    };
    const server = await startServer({
      command,
      args: ['-D', data, ...settings(options, folder, port)],
      unprivileged: true,
      // immediate: no checkpoint, but shared memory is given back
      stopSignal: 'SIGQUIT',
      ready: async () => (await query('postgres', 'select 1')) === '1\n',
    });
    return {
      name: `PostgreSQL ${options.major}`,
      host: '127.0.0.1',
      port,
      socket: folder,
      user,
      password,
      bin,
      env,
      query,
      async createDatabase(name) {
        await query('postgres', `create database "${name.replaceAll('"', '""')}" template template0`);
      },
      kill: () => kill(server),
      async stop() {
        await server.stop();
        removeSharedMemory(data);
        removeTree(folder);
      },
    };
  } catch (error) {
    removeTree(folder);
    throw error;
  }
}

async function initialise(bin: string, folder: string, data: string): Promise<void> {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveToUnprivileged(passwordFile);
  await runUnprivileged(join(bin, 'initdb'), [
    ...['-D', data, '--no-sync', '--no-instructions', '--encoding=UTF8', '--locale=C.UTF-8'],
    ...[`--username=${user}`, '--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`],
  ]);
}

function settings(options: PostgresOptions, folder: string, port: number): string[] {
  const all: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    ...options.settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function kill(server: Server): Promise<void> {
  server.child.kill('SIGKILL');
  await server.stop();
}

/** After a crash one small segment outlives the server, and the kernel keeps only so many. */
function removeSharedMemory(data: string): void {
  const pidFile = join(data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const segment = readFileSync(pidFile, 'utf8').split('\n')[6]?.trim().split(/\s+/)[1];
  if (segment !== undefined) spawnSync('ipcrm', ['-m', segment]);
}
