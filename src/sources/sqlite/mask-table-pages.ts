/**
 * Masks the rows of a plain table by reading and writing the pages of the two files: a record is masked where it lies,
 * as the rows of a dump are. Through SQL, handing each value over and back would cost more than masking it.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { throwIfAborted } from '../../kernel/errors.ts';
import type { ColumnMasker } from '../masking/column-maskers.ts';
import { affinityOf, createCasts } from './btree/affinity.ts';
import { createRecordMasker, type RecordColumn } from './btree/mask-record.ts';
import type { NewPages } from './btree/new-pages.ts';
import { readTable, type StoredRow } from './btree/read-table.ts';
import type { StoredPages } from './btree/stored-pages.ts';
import { readRowid } from './btree/varint.ts';
import { createTableWriter } from './btree/write-table.ts';
import { numberColumn, quoteName, type TableShape } from './table-shape.ts';

/** Milliseconds between two looks at the signal. */
const pause = 50;

export interface PlainTable {
  readonly table: TableShape;
  readonly root: number;
  /** undefined: no value of it is masked */
  readonly columns: readonly RecordColumn[] | undefined;
}

/**
 * What there is to know of a table to mask it by its pages; undefined when SQLite must do more to its rows than keep
 * them. `maskers` belong to the table's columns.
 */
export function readPlainTable(
  stored: DatabaseSync,
  table: TableShape,
  maskers: readonly (ColumnMasker | undefined)[],
): PlainTable | undefined {
  if (table.kind !== 'table' || table.rowid === undefined) return undefined;
  const { root } = stored
    .prepare("select rootpage as root from sqlite_schema where type = 'table' and name = ?")
    .get(table.name) as { root: number };
  if (maskers.every((masker) => masker === undefined)) return { table, root, columns: undefined };
  const columns = stored.prepare('select name, type, hidden from pragma_table_xinfo(?)').all(table.name) as {
    name: string;
    type: string;
    hidden: number;
  }[];
  const { strict } = stored
    .prepare("select strict from pragma_table_list where schema = 'main' and name = ?")
    .get(table.name) as { strict: number };
  const { encoding } = stored.prepare('pragma encoding').get() as { encoding: string };
  const key = numberColumn(stored, 'main', table.name);
  const isPlain = columns.every(({ name, type, hidden }, i) => {
    // others are made of those that may be masked
    if (hidden !== 0) return false;
    return maskers[i] === undefined || (name !== key && (strict === 0 || /^(?:text|blob)$/i.test(type)));
  });
  if (!isPlain || encoding !== 'UTF-8') return undefined;
  return {
    table,
    root,
    columns: columns.map(({ name, type }, i) => ({
      label: `${table.name}.${name}`,
      affinity: affinityOf(type),
      masker: maskers[i],
    })),
  };
}

/** Fills the table whose only page is `root` among the new ones. Codes `corrupt`, `disk-full`, `failed`, `interrupted`. */
export async function maskTablePages(
  { table, root, columns }: PlainTable,
  from: { readonly database: DatabaseSync; readonly pages: StoredPages },
  to: { readonly root: number; readonly pages: NewPages },
  signal: AbortSignal,
): Promise<void> {
  throwIfAborted(signal);
  const writer = createTableWriter(to.pages, to.root);
  const { output } = writer;
  const mask = columns && createRecordMasker(table.name, columns, createCasts(from.database));
  const readMissing = missingValues(from.database, table);
  let row: StoredRow;
  const missing = (first: number): readonly SQLInputValue[] => readMissing(first, row);
  let paused = performance.now();
  for (const leaf of readTable(from.pages, root)) {
    for (let i = 0; i < leaf.count; i++) {
      row = leaf.row(i);
      const { bytes, start, end } = row;
      writer.beginRow(row.page, row.number, row.numberEnd, end - start);
      if (mask) mask(bytes, start, end, missing, output);
      else output.writeRange(bytes, start, end);
      writer.endRow();
    }
    if (performance.now() - paused < pause) continue;
    throwIfAborted(signal);
    await breathe();
    paused = performance.now();
  }
  writer.finish();
}

/** What a row has in the columns from one on that were added to the table later: the same as every row that has as few. */
function missingValues(
  database: DatabaseSync,
  { name, columns, rowid }: TableShape,
): (first: number, row: StoredRow) => readonly SQLInputValue[] {
  const known = new Map<number, readonly SQLInputValue[]>();
  return (first, row) => {
    const found = known.get(first);
    if (found) return found;
    const added = columns.slice(first).map(quoteName).join(', ');
    const statement = database.prepare(`select ${added} from ${quoteName(name)} where ${rowid} = ?`);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    const values = statement.get(readRowid(row.page, row.number)) as unknown as SQLInputValue[];
    known.set(first, values);
    return values;
  };
}
