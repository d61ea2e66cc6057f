/** Masks the parts of a dump of MySQL or MariaDB: rows by their columns' rules, the structure as far as that can be done. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import type { Evidence } from '../database/evidence.ts';
import { anywhereMasker, createColumnMaskers } from '../masking/column-maskers.ts';
import type { TableShape } from '../masking/column-type.ts';
import { createInsertMasker } from '../masking/insert-lines.ts';
import type { Masking, PartMasker } from '../masking/masking.ts';
import { maskRows } from '../masking/row-stream.ts';
import { checkDatabase } from '../masking/rule-conflicts.ts';
import { collectText } from '../masking/schema-text.ts';
import { maskSchemaText, withoutComments } from './masked-text.ts';
import { programsName, schemaName, viewsName } from './part-name.ts';
import { readSchemaShape } from './schema-shape.ts';

export interface DumpMasker extends PartMasker {
  /** The rows of a dump as the program writes it; all other lines pass. */
  maskDump(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** One of the parts that are no rows. */
  maskText(part: string, text: Uint8Array): Uint8Array;
}

/** `schema` has the structure of all tables. Codes as of `checkDatabase`. */
export function createMysqlMasker(masking: Masking, schema: string): DumpMasker {
  const { rules, key, warn } = masking;
  const shape = readSchemaShape(schema);
  checkDatabase(rules, shape, warn);
  const { count } = rules.keepComments ? { count: 0 } : withoutComments(schema);
  if (count > 0) warn(`comments on tables and columns are left out: ${count}`);
  const tables = new Map(shape.tables.map((table) => [table.name, table]));
  const emails = anywhereMasker(rules, key);
  // a rule that does not fit its column is found now
  for (const table of shape.tables) createColumnMaskers(rules, key, table);
  const tableOf = (name: string): TableShape => {
    const table = tables.get(name);
    if (table) return table;
    throw new HoldfastError('failed', `the table ${name} is not in the schema`, {
      hint: 'the schema changed while the database was read; try again',
    });
  };
  const maskDump = (pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    maskRows(pieces, createInsertMasker(rules, key, tableOf));
  const maskText = (part: string, text: Uint8Array): Uint8Array => {
    const sql = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
    const kept = part === schemaName && !rules.keepComments ? withoutComments(sql).text : sql;
    return Buffer.from(maskSchemaText(kept, emails), 'latin1');
  };
  async function* maskWhole(part: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield maskText(part, Buffer.from(await collectText([bytes]), 'latin1'));
  }
  return {
    maskDump,
    maskText,
    mask(part, bytes) {
      if (part.startsWith('2-')) return maskDump(bytes);
      if ([schemaName, programsName, viewsName].includes(part)) return maskWhole(part, bytes);
      throw new HoldfastError('unsupported', `masking does not know what ${part} holds`);
    },
  };
}

/** Code `unsupported` where parts are needed. */
export function refuseOneFile({ format }: Evidence): void {
  if (format === undefined) return;
  throw new HoldfastError('unsupported', 'the database is kept as one file, where masking does not reach', {
    hint: 'mask at backup; a backup that writes no archive beside the repository has it in parts',
  });
}

/** A database of a snapshot, its parts masked as they are read; users are left out. Codes as of `checkDatabase`. */
export async function maskMysql(stored: StoredDatabase, masking: Masking): Promise<StoredDatabase> {
  const { read } = stored;
  refuseOneFile(stored.evidence);
  const { globals: _, ...evidence } = stored.evidence;
  const masker = createMysqlMasker(masking, await collectText([read(schemaName)]));
  return {
    ...stored,
    evidence: { ...evidence, masked: { rules: masking.rules.digest } },
    read: (part) => masker.mask(part, read(part)),
  };
}
