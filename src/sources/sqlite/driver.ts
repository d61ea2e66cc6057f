/** SQLite among the kinds of databases. */
import { tmpdir } from 'node:os';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseDriver } from '../database/driver.ts';
import { snapshotFolder } from '../database/snapshot-folder.ts';
import { parseSqliteUrl } from './address.ts';
import { dumpStored } from './dump-sql.ts';
import { maskSqlite, sampleLive, sampleStored } from './mask-stored.ts';
import { restoreTables } from './restore-table.ts';
import { sqliteSource } from './source.ts';
import { restoreSqlite } from './target.ts';

export const sqlite: DatabaseDriver = {
  kinds: ['sqlite'],
  programsSetting: undefined,
  choices: [],
  restoreChoices: ['clean', 'tables'],
  address(url) {
    const database = parseSqliteUrl(url);
    const folder = `/sqlite${database}`;
    return {
      database,
      folder,
      password: undefined,
      sample: ({ signal }) => sampleLive(database, signal),
      source: ({ warn, masking }) =>
        sqliteSource({
          ...{ database, masking, warn },
          folder: snapshotFolder(folder, { masking }),
          temporaryFolder: tmpdir(),
        }),
      restore: (stored, options) =>
        options.choices?.tables
          ? restoreTables(stored, database, options)
          : restoreSqlite(stored, database, options),
    };
  },
  assemble: dumpStored,
  openFile: async (open, evidence) => {
    if (evidence) return { evidence, read: () => open() };
    throw new HoldfastError('unsupported', 'nothing is known of the SQLite database but its file', {
      hint: '`holdfast dump` writes it, and SQLite opens it',
    });
  },
  mask: maskSqlite,
  sample: sampleStored,
  drill: async () => (await import('./throwaway-server.ts')).sqliteDrill,
};
