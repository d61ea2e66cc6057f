/**
 * The rows of a SQLite table as lines. SQLite itself puts thousands of them together at a time: to
 * carry single values over to JavaScript takes several times as long.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { LineForm } from './line-form.ts';
import { highestRowid, lowestRowid, quoteName, quoteText, type TableShape } from './table-shape.ts';

/** Bytes that are put together at a time, at most, and when rows are no longer than usual. */
const mostBytesAtOnce = 16 << 20;
const mostRowsAtOnce = 4096;
const batchBytes = 1 << 20;
/** Bytes of a row from which on it comes by itself. */
const largeRow = 64 * 1024;
/** Bytes of a row from which on it comes in pieces: text too is written in hexadecimal digits then. */
const hugeRow = 8 << 20;
const pieceBytes = 8 << 20;

/**
 * A line for each row, in pieces that need not end with one: the values of its columns in their order, in the form that is
 * asked for. `largest` is the most bytes that a row of the table has.
 */
export function* rowLines(
  database: DatabaseSync,
  table: TableShape,
  largest: number,
  form: LineForm,
): Generator<Uint8Array, void, void> {
  const line = `${form.line(table.columns.map(quoteName))} || char(10)`;
  const from = `main.${quoteName(table.name)}`;
  const bytes = asBytes(database);
  if (table.rowid === undefined) {
    yield* everyRow(database, `select ${bytes.sql(line)} from ${from}`, bytes.of);
    return;
  }
  const { rowid } = table;
  const longest = Math.max(1, Math.min(largest, largeRow));
  const limit = Math.min(mostRowsAtOnce, Math.floor(mostBytesAtOnce / longest));
  const batch = database.prepare(
    `select ${bytes.sql("group_concat(line, '')")} as lines, max(number) as last from
      (select ${rowid} as number, ${line} as line from ${from}
        where ${rowid} between ? and ? order by ${rowid} limit ${limit})`,
  );
  batch.setReadBigInts(true);

  function* between(first: bigint, end: bigint): Generator<Uint8Array, void, void> {
    for (let next = first; next <= end;) {
      const { lines, last } = batch.get(next, end) as { lines: SQLOutputValue; last: bigint | null };
      if (last === null) return;
      yield bytes.of(lines);
      next = last + 1n;
    }
  }

  let next = lowestRowid;
  const where = `from ${from} where ${rowid} = ?1`;
  const one = database.prepare(`select ${bytes.sql(line)} as line ${where}`);
  for (const { number, size } of largest > largeRow ? largeRows(database, table) : []) {
    yield* between(next, number - 1n);
    if (size <= hugeRow) yield bytes.of(one.get(number)!['line']!);
    else yield* hugeLine(database, table, where, number, form);
    next = number + 1n;
  }
  yield* between(next, highestRowid);
}

function largeRows(database: DatabaseSync, { name, columns, rowid }: TableShape) {
  const size = columns.map((column) => `coalesce(octet_length(${quoteName(column)}), 0)`).join(' + ');
  const statement = database.prepare(
    `select ${rowid!} as number, ${size} as size from main.${quoteName(name)} where ${size} > ${largeRow} order by number`,
  );
  statement.setReadBigInts(true);
  return statement.iterate() as Iterable<unknown> as Iterable<{ number: bigint; size: bigint }>;
}

interface AsBytes {
  /** SQL for the text as UTF-8, to be handed over */
  sql(text: string): string;
  of(value: SQLOutputValue): Uint8Array;
}

/** Text of a database in UTF-8 is handed over as it is, for it need not be valid; of another it is converted. */
function asBytes(database: DatabaseSync): AsBytes {
  const encoding = Object.values(database.prepare('pragma encoding').get()!)[0];
  if (encoding === 'UTF-8') {
    return { sql: (text) => `cast(${text} as blob)`, of: (value) => value as Uint8Array };
  }
  return { sql: (text) => text, of: (value) => Buffer.from(value as string) };
}

function* everyRow(
  database: DatabaseSync,
  query: string,
  of: (value: SQLOutputValue) => Uint8Array,
): Generator<Uint8Array, void, void> {
  const statement = database.prepare(query);
  statement.setReturnArrays(true);
  let held: Uint8Array[] = [];
  let size = 0;
  for (const row of statement.iterate() as Iterable<unknown> as Iterable<SQLOutputValue[]>) {
    const line = of(row[0]!);
    held.push(line);
    size += line.length;
    if (size < batchBytes) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}

/** One line whose values would not all find room in memory several times over. */
function* hugeLine(
  database: DatabaseSync,
  { columns }: TableShape,
  where: string,
  rowid: bigint,
  form: LineForm,
): Generator<Uint8Array, void, void> {
  const bytes = asBytes(database);
  for (const [i, name] of columns.entries()) {
    const column = quoteName(name);
    const look = `select typeof(${column}) as type, octet_length(${column}) as size ${where}`;
    const { type, size } = database.prepare(look).get(rowid) as { type: string; size: number | null };
    const opening = i === 0 ? form.before : ',';
    if (size === null || size <= largeRow) {
      const literal = `${quoteText(opening)} || ${form.value(column)}`;
      const value = database.prepare(`select ${bytes.sql(literal)} as value ${where}`);
      yield bytes.of(value.get(rowid)!['value']!);
      continue;
    }
    const [begin, end] = type === 'text' ? form.largeText : form.largeBlob;
    yield Buffer.from(opening + begin);
    const piece = database.prepare(`select hex(substr(cast(${column} as blob), ?2, ?3)) as piece ${where}`);
    for (let at = 1; at <= size; at += pieceBytes) {
      yield Buffer.from(String(piece.get(rowid, at, pieceBytes)!['piece']));
    }
    yield Buffer.from(end);
  }
  yield Buffer.from(`${form.after}\n`);
}
