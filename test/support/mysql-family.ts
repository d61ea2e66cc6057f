/** What MariaDB and MySQL have in common when a test starts one of its own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseServer } from './database-server.ts';
import { runProgram } from './program.ts';
import { freePort, startServer } from './server.ts';
import { removeTree } from './temp.ts';
import { fromTemplate } from './template.ts';
import { giveToUnprivileged } from './unprivileged.ts';

export interface MysqlOptions {
  /** further options of the server, without the dashes; later ones win */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface MysqlFlavour {
  readonly name: string;
  /** the server's program */
  readonly command: string;
  /** the folder of the clients, and the name of the one that takes SQL */
  readonly bin: string;
  readonly client: string;
  /** options that this server wants besides the common ones */
  readonly settings: Readonly<Record<string, string>>;
  /** makes the data folder, which does not exist yet, with a root user that has no password */
  readonly initialise: (data: string) => Promise<void>;
  /** the statement that gives root its password */
  readonly setPassword: (password: string) => string;
}

const user = 'root';
const password = 'holdfast-test-secret';

/** Starts a server of either kind; it answers within a few seconds. Socket and TCP ask for the password. */
export async function startMysqlFamily(
  flavour: MysqlFlavour,
  options: MysqlOptions,
): Promise<DatabaseServer & { readonly defaultsFile: string }> {
  const folder = mkdtempSync(join(tmpdir(), `holdfast-${flavour.client}-`));
  try {
    const data = join(folder, 'data');
    const socket = join(folder, 'socket');
    const defaultsFile = join(folder, 'client.cnf');
    giveToUnprivileged(folder);
    await fromTemplate(flavour.client, data, () => flavour.initialise(data));
    const port = await freePort();
    writeFileSync(defaultsFile, `[client]\nuser=${user}\npassword=${password}\nsocket=${socket}\n`, {
      mode: 0o600,
    });
    const run = async (args: readonly string[], sql: string): Promise<string> => {
      const client = join(flavour.bin, flavour.client);
      const batch = ['--batch', '--raw', '--skip-column-names', '--default-character-set=utf8mb4'];
      const result = await runProgram(client, [...args, ...batch], { input: sql });
      return result.stdout;
    };
    const query = (database: string, sql: string): Promise<string> =>
      run([`--defaults-file=${defaultsFile}`, `--database=${database}`], sql);
    const settings: Record<string, string> = {
      datadir: data,
      socket,
      port: String(port),
      'bind-address': '127.0.0.1',
      'pid-file': join(folder, 'pid'),
      'innodb-flush-log-at-trx-commit': '0',
      'innodb-doublewrite': 'OFF',
      'innodb-buffer-pool-size': '64M',
      ...flavour.settings,
      ...options.settings,
    };
    const server = await startServer({
      command: flavour.command,
      args: ['--no-defaults', '--skip-log-bin', ...Object.entries(settings).map(toFlag)],
      unprivileged: true,
      ready: async () => (await run(['--no-defaults', `--socket=${socket}`, '-uroot'], 'select 1')) === '1\n',
    });
    const stop = async (): Promise<void> => {
      await server.stop();
      removeTree(folder);
    };
    try {
      await run(['--no-defaults', `--socket=${socket}`, '-uroot'], flavour.setPassword(password));
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      name: flavour.name,
      host: '127.0.0.1',
      port,
      socket,
      user,
      password,
      bin: flavour.bin,
      defaultsFile,
      env: { MYSQL_HOST: 'localhost', MYSQL_UNIX_PORT: socket, MYSQL_PWD: password },
      query,
      async createDatabase(name) {
        const statement = `create database \`${name.replaceAll('`', '``')}\` character set utf8mb4`;
        await query('mysql', statement);
      },
      // its ordinary end is as rude
      kill: () => server.stop(),
      stop,
    };
  } catch (error) {
    removeTree(folder);
    throw error;
  }
}

function toFlag([name, value]: [string, string]): string {
  return `--${name}=${value}`;
}
