/** PostgreSQL among the kinds of databases. */
import type { DatabaseDriver, StoredDatabase } from '../database/driver.ts';
import { snapshotFolder } from '../database/snapshot-folder.ts';
import { postgresArtefacts } from './artefacts.ts';
import { databaseFolder, parsePostgresUrl } from './connection.ts';
import { customArchive } from './custom-archive.ts';
import { dumpTables } from './dump-part.ts';
import { initdbScripts } from './initdb-scripts.ts';
import { refuseOneFile } from './one-file.ts';
import { maskPostgres } from './part-masker.ts';
import { openPlainFile, unpackArchive } from './plain-file.ts';
import { postgresServer } from './server-address.ts';
import { postgresSource } from './source.ts';
import { sampleLive, sampleStored } from './table-samples.ts';
import { restorePostgres } from './target.ts';
import { wholeDump, withNewWord } from './whole-dump.ts';

export const postgres: DatabaseDriver = {
  kinds: ['postgres'],
  programsSetting: 'POSTGRES_BIN',
  restoreChoices: ['create', 'clean', 'jobs', 'owner', 'privileges', 'withRoles', 'tables', 'schemas'],
  choices: [
    'globals',
    'tables',
    'excludeTables',
    'schemas',
    'excludeSchemas',
    'excludeTableData',
    'format',
    'jobs',
  ],
  server: postgresServer,
  address(url, environment, named) {
    const connection = parsePostgresUrl(url, named);
    const folder = databaseFolder(connection, environment);
    return {
      database: connection.database,
      folder,
      password: connection.password,
      sample: (options) => sampleLive(connection, options),
      source: (options) =>
        postgresSource({ ...options, connection, folder: snapshotFolder(folder, options) }),
      artefacts: (choices, options, signal) =>
        postgresArtefacts(connection, folder, choices, options, signal),
      async restore(stored, options) {
        refuseOneFile(stored.evidence);
        await restorePostgres(stored, { ...options, connection, choices: options.choices ?? {} });
      },
    };
  },
  assemble: wholeDump,
  inDumpOrder: true,
  asFile: withNewWord,
  openFile: openPlainFile,
  unpack: unpackArchive,
  assembleTables: (stored, tables) => dumpTables(inParts(stored), tables),
  // one that pg_dump made is there as it is
  archive: (stored) =>
    stored.evidence.format === 'custom' ? wholeDump(stored) : customArchive(inParts(stored)),
  initdb: (stored) => initdbScripts(inParts(stored)),
  mask: maskPostgres,
  sample: sampleStored,
  drill: async () => (await import('./drill-driver.ts')).postgresDrill,
};

function inParts(stored: StoredDatabase): StoredDatabase {
  refuseOneFile(stored.evidence);
  return stored;
}
