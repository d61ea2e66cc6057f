/**
 * A masking of generated columns alone, which every masking empties: by it a masked dump can be compared with what the
 * server computes, and a dump of MariaDB, which has their values, goes to MySQL, which takes none.
 */
import type { StoredDatabase } from '../database/driver.ts';
import type { TableShape } from '../masking/column-type.ts';
import { createInsertMasker } from '../masking/insert-lines.ts';
import { createMaskingKey } from '../masking/keyed-functions.ts';
import type { Masking } from '../masking/masking.ts';
import type { MaskingRules } from '../masking/rule.ts';
import { maskRows } from '../masking/row-stream.ts';
import { collectText } from '../masking/schema-text.ts';
import { schemaName } from './part-name.ts';
import { readSchemaShape } from './schema-shape.ts';

const rules: MaskingRules = {
  ...{ file: '', digest: '', columns: [], key: undefined, emailAnywhere: undefined },
  ...{ strict: false, keepComments: true, keepDefaults: true, largeObjects: 'keep' },
};

export function generatedMasking(signal: AbortSignal): Masking {
  // nothing is made of the key, for no column has a rule
  return { rules, key: createMaskingKey(Buffer.alloc(32)), warn: () => {}, signal };
}

/** The same database, its generated columns for the server to compute. */
export async function withoutGenerated(stored: StoredDatabase, signal: AbortSignal): Promise<StoredDatabase> {
  const { read } = stored;
  const shape = readSchemaShape(await collectText([read(schemaName)]));
  const tables = new Map(shape.tables.map((table) => [table.name, table]));
  const hasAny = ({ columns }: TableShape): boolean => columns.some(({ generated }) => generated);
  if (!shape.tables.some(hasAny)) return stored;
  const { key } = generatedMasking(signal);
  const compute = (rows: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    maskRows(
      rows,
      createInsertMasker(rules, key, (name) => tables.get(name), 'DEFAULT'),
    );
  return { ...stored, read: (part) => (part.startsWith('2-') ? compute(read(part)) : read(part)) };
}
