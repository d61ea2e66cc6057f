/** How databases of MySQL and MariaDB are drilled. */
import { createSha256 } from '../../kernel/native/crypto.ts';
import type { DrillDriver } from '../database/throwaway-server.ts';
import { generatedMasking } from './generated-masking.ts';
import { programsName, schemaName, viewsName } from './part-name.ts';
import { schemaObjects } from './schema-objects.ts';
import { schemaHash } from './schema-text.ts';
import { startThrowawayMysql } from './throwaway-server.ts';
import { gatherWithoutRows } from './without-rows.ts';

export const mysqlDrill: DrillDriver = {
  start: startThrowawayMysql,
  masking: generatedMasking,
  hashedOtherwise: ({ masked }) => masked !== undefined && !masked.programs,
  describesObjects: (part) => [schemaName, programsName, viewsName].includes(part),
  objects: schemaObjects,
  gatherSchema: gatherWithoutRows,
  createSchemaHash() {
    const pieces: Buffer[] = [];
    return {
      update: (bytes) => void pieces.push(Buffer.from(bytes)),
      digest: () => schemaHash(createSha256(), [Buffer.concat(pieces)]),
    };
  },
  comparesLines: () => true,
  hasLastingName: () => true,
  release: (version) => /^\d+\.\d+/.exec(version)?.[0] ?? version,
};
