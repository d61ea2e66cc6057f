/** How a PostgreSQL database is drilled. */
import type { DrillDriver } from '../database/throwaway-server.ts';
import { schemaObjects } from './schema-objects.ts';
import { startThrowawayPostgres } from './throwaway-server.ts';

export const postgresDrill: DrillDriver = {
  start: startThrowawayPostgres,
  describesObjects: (part) => /^[15]-schema(?:~\d+)?\.sql$/.test(part),
  objects: schemaObjects,
  release: (version) => /^\d+/.exec(version)?.[0] ?? version,
};
