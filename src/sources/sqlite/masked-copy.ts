/**
 * A SQLite database made anew, its values masked on their way: a file that was changed in place would still hold in its
 * free pages, and in the indexes of words, what was there before.
 */
import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { anywhereMasker, type ColumnMasker, createColumnMaskers } from '../masking/column-maskers.ts';
import type { Masking } from '../masking/masking.ts';
import { checkDatabase } from '../masking/rule-conflicts.ts';
import { ensureRoom } from './consistent-copy.ts';
import { readHeader } from './file-header.ts';
import { openUnchanging } from './inspect-database.ts';
import { createSchemaMasker } from './masked-schema.ts';
import { type MaskingFunctions, maskingFunctions } from './masking-function.ts';
import { readMaskingShape, type SqliteShape, type TableContent } from './masking-shape.ts';
import { resultOf, results, sqliteError } from './sqlite-error.ts';
import { highestRowid, lowestRowid, quoteName } from './table-shape.ts';

/** Milliseconds between two looks at the signal, as far as rows are no longer than the ones before; and rows at most. */
const pause = 50;
const mostRowsAtOnce = 16_384;

/**
 * Makes the file `to` of the file `from`, to which nobody writes. Codes as of `checkDatabase`, before a row is read;
 * `unsupported` for virtual tables where masking does not reach, `failed` for rows that no longer fit once they are
 * masked, `corrupt`, `disk-full`, `interrupted`.
 */
export async function writeMaskedCopy(
  from: string,
  to: string,
  { rules, key, warn, signal }: Masking,
): Promise<void> {
  const stored = openUnchanging(from);
  try {
    const shape = readMaskingShape(stored);
    checkDatabase(rules, shape, warn);
    const maskers = new Map(
      shape.tables.map((table) => [table.name, createColumnMaskers(rules, key, table)]),
    );
    await ensureRoom(dirname(to), (await stat(from)).size);
    const schema = createSchemaMasker(anywhereMasker(rules, key), rules.keepComments);
    const target = new DatabaseSync(to, {
      enableForeignKeyConstraints: false,
      // old schemas have texts in double quotes
      enableDoubleQuotedStringLiterals: true,
    });
    try {
      const fill: Filling = { stored, target, maskers, mask: (sql) => schema.mask(sql), signal };
      begin(fill, from);
      await fillTables(fill, shape);
      finish(fill, shape);
      target.exec('commit');
      if (readHeader(from)?.writeAheadLog) target.exec('pragma journal_mode = wal');
    } finally {
      target.close();
    }
    if (schema.leftOut > 0) warn(`comments in the schema are left out: ${schema.leftOut}`);
  } catch (error) {
    await rm(to, { force: true });
    if (resultOf(error) !== results.constraint) throw sqliteError(error, from);
    throw new HoldfastError('failed', `the masked rows do not fit: ${messageOf(error)}`, {
      hint: 'the database has a constraint that other values break: choose another rule for the column',
      cause: error,
    });
  } finally {
    stored.close();
  }
}

interface Filling {
  readonly stored: DatabaseSync;
  /** the new database, to which the stored one is attached */
  readonly target: DatabaseSync;
  readonly maskers: ReadonlyMap<string, readonly (ColumnMasker | undefined)[]>;
  readonly mask: (sql: string) => string;
  readonly signal: AbortSignal;
}

function begin({ stored, target }: Filling, from: string): void {
  const pragma = (name: string): string => String(Object.values(stored.prepare(`pragma ${name}`).get()!)[0]);
  target.exec(
    `pragma encoding = '${pragma('encoding')}'; pragma page_size = ${pragma('page_size')};
      pragma auto_vacuum = ${pragma('auto_vacuum')}; pragma journal_mode = off; pragma synchronous = off;
      pragma cache_size = -32768; pragma application_id = ${pragma('application_id')};
      pragma user_version = ${pragma('user_version')}`,
  );
  const url = pathToFileURL(from);
  url.searchParams.set('immutable', '1');
  target.prepare('attach ? as stored').run(url.href);
  target.exec('begin');
}

async function fillTables(fill: Filling, { contents, tables }: SqliteShape): Promise<void> {
  const { target, mask } = fill;
  const shapes = new Map(tables.map((table) => [table.name, table]));
  for (const { sql } of contents) target.exec(mask(sql));
  for (const content of contents.filter(({ kind }) => kind === 'rows')) {
    const { name } = content.table;
    // what is generated is no value of a row
    const maskers = new Map(
      shapes.get(name)!.columns.map((column, i) => [column.name, fill.maskers.get(name)![i]]),
    );
    await fillTable(fill, content, maskers);
  }
  for (const { table } of contents.filter(({ kind }) => kind === 'rebuilt')) {
    const name = quoteName(table.name);
    target.exec(`insert into main.${name} (${name}) values ('rebuild')`);
  }
}

async function fillTable(
  { target, signal }: Filling,
  { table }: TableContent,
  maskers: ReadonlyMap<string, ColumnMasker | undefined>,
): Promise<void> {
  // checks hold for what masking makes; what was there already may break them
  const masked = [...maskers.values()].some((masker) => masker !== undefined);
  target.exec(`pragma ignore_check_constraints = ${masked ? 'off' : 'on'}`);
  const columns = table.columns.map(quoteName);
  const values = table.columns.map((name, i) => {
    const masker = maskers.get(name);
    if (!masker) return columns[i]!;
    return defineMasking(
      target,
      maskingFunctions(masker, `${table.name}.${name}`),
      i,
      masker.contentOnly,
    )(columns[i]!);
  });
  const own = table.kind === 'virtual' ? 'rowid' : table.rowid;
  // a column may be the number, and is masked then
  const numbers = own === undefined || numberColumn(target, table.name) ? [] : [own];
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

/** True when the number of a row is a column of it. */
function numberColumn(database: DatabaseSync, table: string): boolean {
  const query = "select type, pk from pragma_table_xinfo(?, 'stored') where pk > 0";
  const keys = database.prepare(query).all(table) as { type: string; pk: number }[];
  return keys.length === 1 && keys[0]!.type.toUpperCase() === 'INTEGER';
}

/** What is made when all rows are there: counters, indexes, what is known for the planner, views, triggers. */
function finish({ stored, target, mask }: Filling, { contents }: SqliteShape): void {
  const has = (name: string): boolean =>
    stored.prepare('select 1 from sqlite_schema where name = ?').get(name) !== undefined;
  if (has('sqlite_sequence')) {
    target.exec(
      'delete from main.sqlite_sequence; insert into main.sqlite_sequence select * from stored.sqlite_sequence',
    );
  }
  const further = stored
    .prepare(
      "select type, name, tbl_name as owner, sql from sqlite_schema where type <> 'table' and sql is not null order by rowid",
    )
    .all() as { type: string; owner: string; sql: string }[];
  // those of a virtual table's own tables are made with them
  const known = new Set(contents.map(({ table }) => table.name));
  const wanted = further.filter(({ type, owner }) => type !== 'index' || known.has(owner));
  for (const { sql } of wanted.filter(({ type }) => type === 'index')) target.exec(mask(sql));
  if (has('sqlite_stat1')) {
    target.exec(
      'analyze main.sqlite_schema; insert into main.sqlite_stat1 select * from stored.sqlite_stat1',
    );
  }
  for (const { sql } of wanted.filter(({ type }) => type !== 'index')) target.exec(mask(sql));
}
