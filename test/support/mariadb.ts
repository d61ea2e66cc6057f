/** A MariaDB of the test's own: a free loopback port, a private socket, its data in a temporary folder. */
import { dirname } from 'node:path';
import type { DatabaseServer } from './database-server.ts';
import { type MysqlOptions, startMysqlFamily } from './mysql-family.ts';
import { toolPath } from './tools.ts';
import { runUnprivileged } from './unprivileged.ts';

/** Starts MariaDB. `defaultsFile` is what its clients take as `--defaults-file`. */
export function startMariadb(
  options: MysqlOptions = {},
): Promise<DatabaseServer & { readonly defaultsFile: string }> {
  const command = toolPath('mariadb');
  return startMysqlFamily(
    {
      name: 'MariaDB',
      command,
      bin: dirname(toolPath('mariadb-dump')),
      client: 'mariadb',
      settings: { 'innodb-log-file-size': '32M' },
      async initialise(data) {
        await runUnprivileged('mariadb-install-db', [
          ...['--no-defaults', `--datadir=${data}`, '--skip-test-db', '--skip-name-resolve'],
          ...['--auth-root-authentication-method=normal', '--innodb-log-file-size=32M'],
        ]);
      },
      setPassword: (password) => `alter user root@localhost identified by '${password}'`,
    },
    options,
  );
}
