/** SQLite among the kinds of databases. */
import { tmpdir } from 'node:os';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseDriver } from '../database/driver.ts';
import { parseSqliteUrl } from './address.ts';
import { dumpStored } from './dump-sql.ts';
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
      source: ({ warn }) => sqliteSource({ database, folder, temporaryFolder: tmpdir(), warn }),
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
  drill: async () => (await import('./throwaway-server.ts')).sqliteDrill,
};
