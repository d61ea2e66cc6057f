/** MySQL and MariaDB among the kinds of databases. */
import type { DatabaseDriver, StoredDatabase } from '../database/driver.ts';
import { snapshotFolder } from '../database/snapshot-folder.ts';
import { databaseFolder, parseMysqlUrl } from './connection.ts';
import { initdbScripts } from './initdb-scripts.ts';
import { maskMysql } from './part-masker.ts';
import { openPlainFile } from './plain-file.ts';
import { mysqlServer } from './server-address.ts';
import { mysqlSource } from './source.ts';
import { dumpTables } from './table-copy.ts';
import { sampleLive, sampleStored } from './table-samples.ts';
import { restoreMysql } from './target.ts';

export const mysql: DatabaseDriver = {
  kinds: ['mysql', 'mariadb'],
  programsSetting: 'MYSQL_BIN',
  choices: ['globals', 'tables', 'excludeTables', 'excludeTableData'],
  restoreChoices: ['create', 'clean', 'owner', 'withRoles', 'tables'],
  server: mysqlServer,
  address(url, environment, named) {
    const connection = parseMysqlUrl(url, named);
    const folder = databaseFolder(connection, environment);
    return {
      database: connection.database,
      folder,
      password: connection.password,
      sample: (options) => sampleLive(connection, options),
      source: (options) => mysqlSource({ ...options, connection, folder: snapshotFolder(folder, options) }),
      restore: (stored, options) => restoreMysql(stored, { ...options, connection }),
    };
  },
  assemble,
  assembleTables: dumpTables,
  openFile: openPlainFile,
  initdb: initdbScripts,
  mask: maskMysql,
  sample: sampleStored,
  drill: async () => (await import('./drill-driver.ts')).mysqlDrill,
};

async function* assemble({ evidence, read }: StoredDatabase): AsyncGenerator<Uint8Array, void, void> {
  for (const { name } of evidence.parts) yield* read(name);
}
