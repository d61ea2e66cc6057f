/** How a PostgreSQL database is drilled. */
import { toHex } from '../../kernel/hex.ts';
import { createSha256 } from '../../kernel/native/crypto.ts';
import type { DrillDriver } from '../database/throwaway-server.ts';
import { schemaObjects } from './schema-objects.ts';
import { startThrowawayPostgres } from './throwaway-server.ts';

export const postgresDrill: DrillDriver = {
  start: startThrowawayPostgres,
  describesObjects: (part) => /^[15]-schema(?:~\d+)?\.sql$/.test(part),
  objects: schemaObjects,
  createSchemaHash() {
    const hash = createSha256();
    return { update: (bytes) => hash.update(bytes), digest: () => toHex(hash.digest()) };
  },
  // where sequences stand is in the evidence
  comparesLines: (part) => part.startsWith('4-large-objects'),
  // newer releases describe large objects among the data
  hasLastingName: (object) => !object.startsWith('BLOB'),
  release: (version) => /^\d+/.exec(version)?.[0] ?? version,
};
