/** A MySQL of the test's own: a free loopback port, a private socket, its data in a temporary folder. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseServer } from './database-server.ts';
import { type MysqlOptions, startMysqlFamily } from './mysql-family.ts';
import { toolPath } from './tools.ts';
import { runUnprivileged } from './unprivileged.ts';

/** Starts MySQL 9. `defaultsFile` is what its clients take as `--defaults-file`. */
export function startMysql(
  options: MysqlOptions = {},
): Promise<DatabaseServer & { readonly defaultsFile: string }> {
  const command = toolPath('mysql9');
  // messages, character sets and plug-ins lie where the package was unpacked
  const basedir = join(dirname(realpathSync(command)), '..', 'usr');
  const settings = {
    basedir,
    'plugin-dir': join(basedir, 'lib', 'mysql', 'plugin'),
    'secure-file-priv': '',
    mysqlx: 'OFF',
    'innodb-flush-method': 'nosync',
  };
  return startMysqlFamily(
    {
      name: 'MySQL 9',
      command,
      bin: dirname(command),
      client: 'mysql',
      settings,
      async initialise(data) {
        await runUnprivileged(command, [
          ...['--no-defaults', '--initialize-insecure', `--datadir=${data}`, `--basedir=${basedir}`],
          ...['--innodb-doublewrite=OFF', '--innodb-flush-method=nosync', '--skip-log-bin'],
        ]);
      },
      setPassword: (password) => `alter user root@localhost identified by '${password}'`,
    },
    options,
  );
}
