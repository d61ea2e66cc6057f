/** SQLite among the kinds of databases. */
import { tmpdir } from 'node:os';
import type { DatabaseDriver } from '../database/driver.ts';
import { parseSqliteUrl } from './address.ts';
import { dumpStored } from './dump-sql.ts';
import { sqliteSource } from './source.ts';
import { restoreSqlite } from './target.ts';

export const sqlite: DatabaseDriver = {
  kinds: ['sqlite'],
  programsSetting: undefined,
  choices: [],
  address(url) {
    const database = parseSqliteUrl(url);
    const folder = `/sqlite${database}`;
    return {
      database,
      folder,
      password: undefined,
      source: ({ warn }) => sqliteSource({ database, folder, temporaryFolder: tmpdir(), warn }),
      restore: (stored, { signal, warn }) => restoreSqlite(stored, { database, clean: false, signal, warn }),
    };
  },
  assemble: dumpStored,
};
