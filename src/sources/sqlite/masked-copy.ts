/**
 * A SQLite database made anew, its values masked on their way: a file that was changed in place would still hold in its
 * free pages, and in the indexes of words, what was there before.
 */
import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { anywhereMasker, type ColumnMasker, createColumnMaskers } from '../masking/column-maskers.ts';
import type { Masking } from '../masking/masking.ts';
import { checkDatabase } from '../masking/rule-conflicts.ts';
import { openNewPages } from './btree/new-pages.ts';
import { openStoredPages } from './btree/stored-pages.ts';
import { verifyChecks } from './check-constraints.ts';
import { ensureRoom } from './consistent-copy.ts';
import { readHeader } from './file-header.ts';
import { openUnchanging } from './inspect-database.ts';
import { maskTablePages, type PlainTable, readPlainTable } from './mask-table-pages.ts';
import { maskTableRows } from './mask-table-rows.ts';
import { createSchemaMasker } from './masked-schema.ts';
import { readMaskingShape, type SqliteShape } from './masking-shape.ts';
import { resultOf, results, sqliteError } from './sqlite-error.ts';
import { quoteName } from './table-shape.ts';

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
      shape.tables.map((table) => {
        const made = createColumnMaskers(rules, key, table);
        // what is generated is no value of a row
        return [table.name, made.filter((_, i) => !table.columns[i]!.generated)];
      }),
    );
    await ensureRoom(dirname(to), (await stat(from)).size);
    const schema = createSchemaMasker(anywhereMasker(rules, key), rules.keepComments);
    const mask = (sql: string): string => schema.mask(sql);
    const copy: MaskedCopy = { from, to, stored, shape, maskers, mask, signal };
    makeTables(copy);
    const plain = await fillPlainTables(copy);
    await fillTheRest(copy, plain);
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

interface MaskedCopy {
  readonly from: string;
  readonly to: string;
  readonly stored: DatabaseSync;
  readonly shape: SqliteShape;
  /** of each table, by its columns that are not generated */
  readonly maskers: ReadonlyMap<string, readonly (ColumnMasker | undefined)[]>;
  readonly mask: (sql: string) => string;
  readonly signal: AbortSignal;
}

/** The new database, to which the stored one is attached. */
function openTarget({ from, to }: MaskedCopy, settings: string): DatabaseSync {
  const target = new DatabaseSync(to, {
    enableForeignKeyConstraints: false,
    // old schemas have texts in double quotes
    enableDoubleQuotedStringLiterals: true,
  });
  target.exec(`${settings}; pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -32768`);
  const url = pathToFileURL(from);
  url.searchParams.set('immutable', '1');
  target.prepare('attach ? as stored').run(url.href);
  target.exec('begin');
  return target;
}

function makeTables(copy: MaskedCopy): void {
  const pragma = (name: string): string =>
    String(Object.values(copy.stored.prepare(`pragma ${name}`).get()!)[0]);
  const target = openTarget(
    copy,
    `pragma encoding = '${pragma('encoding')}'; pragma page_size = ${pragma('page_size')};
      pragma auto_vacuum = ${pragma('auto_vacuum')}; pragma application_id = ${pragma('application_id')};
      pragma user_version = ${pragma('user_version')}`,
  );
  try {
    for (const { sql } of copy.shape.contents) target.exec(copy.mask(sql));
    target.exec('commit');
  } finally {
    target.close();
  }
}

/** Fills the tables whose pages are written without SQLite, while nobody has the new database open, and says which they are. */
async function fillPlainTables({
  from,
  to,
  stored,
  shape,
  maskers,
  signal,
}: MaskedCopy): Promise<PlainTable[]> {
  // which page belongs to which is kept in pages of its own then
  if (stored.prepare('pragma auto_vacuum').get()!['auto_vacuum'] !== 0) return [];
  const plain = shape.contents
    .filter(({ kind }) => kind === 'rows')
    .map(({ table }) => readPlainTable(stored, table, maskers.get(table.name)!))
    .filter((table) => table !== undefined);
  const made = openUnchanging(to);
  const roots = made.prepare("select rootpage as root from sqlite_schema where type = 'table' and name = ?");
  const rootOf = new Map(plain.map(({ table }) => [table, roots.get(table.name)!['root'] as number]));
  made.close();
  using source = openStoredPages(from);
  using target = openNewPages(to);
  for (const one of plain) {
    const root = rootOf.get(one.table)!;
    await maskTablePages(one, { database: stored, pages: source }, { root, pages: target }, signal);
  }
  target.finish();
  return plain;
}

async function fillTheRest(copy: MaskedCopy, plain: readonly PlainTable[]): Promise<void> {
  const { from, shape, maskers, signal } = copy;
  const target = openTarget(copy, '');
  try {
    const filled = new Set(plain.map(({ table }) => table));
    for (const { table, kind } of shape.contents) {
      if (kind !== 'rows' || filled.has(table)) continue;
      await maskTableRows(target, table, maskers.get(table.name)!, signal);
    }
    for (const { table } of shape.contents.filter(({ kind }) => kind === 'rebuilt')) {
      const name = quoteName(table.name);
      target.exec(`insert into main.${name} (${name}) values ('rebuild')`);
    }
    // rows are sorted for indexes in so much memory: they are in order sooner where it fits into the processor's cache
    target.exec('pragma cache_size = -4096');
    verifyPlainTables(copy, target, plain);
    finish(copy, target);
    target.exec('commit');
    if (readHeader(from)?.writeAheadLog) target.exec('pragma journal_mode = wal');
  } finally {
    target.close();
  }
}

/** Does what SQLite does when rows are put in through it: the indexes that were made with the tables, and their checks. */
function verifyPlainTables({ shape }: MaskedCopy, target: DatabaseSync, plain: readonly PlainTable[]): void {
  const statements = new Map(shape.contents.map(({ table, sql }) => [table, sql]));
  for (const { table, columns } of plain) {
    target.exec(`reindex main.${quoteName(table.name)}`);
    // what was there already may break them
    if (columns) verifyChecks(target, table.name, statements.get(table)!);
  }
}

/** What is made when all rows are there: counters, indexes, what is known for the planner, views, triggers. */
function finish({ stored, mask, shape: { contents } }: MaskedCopy, target: DatabaseSync): void {
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
