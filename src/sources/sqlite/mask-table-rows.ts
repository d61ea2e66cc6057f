/** Masks the rows of a table through SQL: for virtual tables, tables without row numbers, and whatever else is no plain one. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { DatabaseSync } from 'node:sqlite';
import { throwIfAborted } from '../../kernel/errors.ts';
import type { ColumnMasker } from '../masking/column-maskers.ts';
import { type MaskingFunctions, maskingFunctions } from './masking-function.ts';
import { highestRowid, lowestRowid, numberColumn, quoteName, type TableShape } from './table-shape.ts';

/** Milliseconds between two looks at the signal, as far as rows are no longer than the ones before; and rows at most. */
const pause = 50;
const mostRowsAtOnce = 16_384;

/** Fills the table of `target` with the rows that its namesake in the attached database `stored` has. */
export async function maskTableRows(
  target: DatabaseSync,
  table: TableShape,
  maskers: readonly (ColumnMasker | undefined)[],
  signal: AbortSignal,
): Promise<void> {
  // checks hold for what masking makes; what was there already may break them
  const masked = maskers.some((masker) => masker !== undefined);
  target.exec(`pragma ignore_check_constraints = ${masked ? 'off' : 'on'}`);
  const columns = table.columns.map(quoteName);
  const values = table.columns.map((name, i) => {
    const masker = maskers[i];
    if (!masker) return columns[i]!;
    const functions = maskingFunctions(masker, `${table.name}.${name}`);
    return defineMasking(target, functions, i, masker.contentOnly)(columns[i]!);
  });
  const own = table.kind === 'virtual' ? 'rowid' : table.rowid;
  // a column may be the number, and is masked then
  const numbers = own === undefined || numberColumn(target, 'stored', table.name) !== undefined ? [] : [own];
  const from = `stored.${quoteName(table.name)}`;
  const insert = `insert into main.${quoteName(table.name)} (${[...numbers, ...columns].join(', ')})
    select ${[...numbers, ...values].join(', ')} from ${from}`;
  // modules of virtual tables need not find rows by their numbers
  if (table.rowid === undefined) {
    target.exec(insert);
    return;
  }
  const number = table.rowid;
  const next = `select ${number} as last from ${from} where ${number} >= ? order by ${number}`;
  const end = target.prepare(`${next} limit 1 offset ?`);
  end.setReadBigInts(true);
  const copy = target.prepare(`${insert} where ${number} between ? and ? order by ${number}`);
  // the number of the last row may be greater than numbers of JavaScript are
  copy.setReadBigInts(true);
  for (let first = lowestRowid, rows = 1; ;) {
    const before = performance.now();
    const { last } = (end.get(first, rows - 1) ?? { last: highestRowid }) as { last: bigint };
    copy.run(first, last);
    throwIfAborted(signal);
    // SQLite does its work on this thread
    await breathe();
    if (last === highestRowid) return;
    first = last + 1n;
    const quick = performance.now() - before < pause;
    rows = quick ? Math.min(2 * rows, mostRowsAtOnce) : Math.ceil(rows / 2);
  }
}

/** Makes functions of SQLite of what masks the column `i`; the answer turns its name into what becomes of its value. */
function defineMasking(
  target: DatabaseSync,
  { text, value }: MaskingFunctions,
  i: number,
  contentOnly: boolean,
): (column: string) => string {
  const options = { useBigIntArguments: true, deterministic: true, directOnly: true };
  target.function(`mask_value_${i}`, options, value as (value: unknown) => never);
  target.function(`mask_text_${i}`, options, text as (value: unknown) => never);
  const { encoding } = target.prepare('pragma encoding').get() as { encoding: string };
  return (column) => {
    const masked =
      encoding === 'UTF-8' ? `cast(mask_text_${i}(${column}) as text)` : `mask_value_${i}(${column})`;
    if (!contentOnly) {
      return `case typeof(${column}) when 'text' then ${masked} else mask_value_${i}(${column}) end`;
    }
    return `case when typeof(${column}) = 'text' and instr(${column}, '@')
      then coalesce(${masked}, ${column}) else ${column} end`;
  };
}
