/** PostgreSQL among the kinds of databases. */
import type { DatabaseDriver } from '../database/driver.ts';
import { databaseFolder, parsePostgresUrl } from './connection.ts';
import { postgresSource } from './source.ts';
import { restorePostgres } from './target.ts';
import { wholeDump } from './whole-dump.ts';

export const postgres: DatabaseDriver = {
  kinds: ['postgres'],
  programsSetting: 'POSTGRES_BIN',
  choices: ['globals', 'tables', 'excludeTables', 'schemas', 'excludeSchemas', 'excludeTableData'],
  address(url, environment) {
    const connection = parsePostgresUrl(url);
    const folder = databaseFolder(connection, environment);
    return {
      database: connection.database,
      folder,
      password: connection.password,
      source: (options) => postgresSource({ ...options, connection, folder }),
      restore: (stored, options) => restorePostgres(wholeDump(stored), { ...options, connection }),
    };
  },
  assemble: wholeDump,
  drill: async () => (await import('./drill-driver.ts')).postgresDrill,
};
