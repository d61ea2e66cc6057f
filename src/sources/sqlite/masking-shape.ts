/** What masking must know of a SQLite database: its columns, what ties them together, and what its virtual tables keep. */
import type { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../../kernel/errors.ts';
import { type ColumnShape, parseColumnType, type TableShape as MaskedTable } from '../masking/column-type.ts';
import type { DatabaseShape, ForeignKey, UniqueKey } from '../masking/database-shape.ts';
import { virtualTable } from './schema-sql.ts';
import { listTables, type TableShape } from './table-shape.ts';

export interface SqliteShape extends DatabaseShape {
  /** in the order in which they were made; those that SQLite or a virtual table makes by itself are not among them */
  readonly contents: readonly TableContent[];
}

export interface TableContent {
  readonly table: TableShape;
  readonly sql: string;
  /** its rows are masked; `rebuilt`: an index that is made anew of another table; `none`: it shows what others keep */
  readonly kind: 'rows' | 'rebuilt' | 'none';
}

/** Modules of virtual tables whose rows can be read and written as those of any table. */
const searching = ['fts3', 'fts4', 'fts5'];
const rows = ['rtree', 'rtree_i32', 'geopoly'];
const views = ['fts5vocab', 'fts4aux', 'fts3tokenize'];

/** Code `unsupported` for virtual tables where masking does not reach. */
export function readMaskingShape(database: DatabaseSync): SqliteShape {
  const made = database
    .prepare("select name, sql from sqlite_schema where type = 'table' order by rowid")
    .all() as { name: string; sql: string }[];
  const tables = new Map(listTables(database).map((table) => [table.name, table]));
  const contents = made.flatMap(({ name, sql }): TableContent[] => {
    const table = tables.get(name);
    if (!table || table.kind === 'shadow' || name.startsWith('sqlite_')) return [];
    return [{ table, sql, kind: table.kind === 'virtual' ? contentOf(name, sql, tables) : 'rows' }];
  });
  const masked = contents.filter(({ kind }) => kind === 'rows').map(({ table }) => table);
  const unique = uniqueKeys(database, masked);
  return {
    contents,
    tables: masked.map((table) => maskedTable(database, table, unique)),
    uniqueKeys: unique,
    foreignKeys: foreignKeys(database, masked),
  };
}

function contentOf(name: string, sql: string, tables: ReadonlyMap<string, TableShape>): TableContent['kind'] {
  const { module, options } = virtualTable(sql);
  if (rows.includes(module)) return 'rows';
  if (views.includes(module)) return 'none';
  if (searching.includes(module)) {
    if (tables.has(`${name}_content`)) return 'rows';
    if (!/\bcontent\s*=\s*(?:''|""|,|\)?$)/i.test(options)) return 'rebuilt';
    throw new HoldfastError(
      'unsupported',
      `the index ${name} keeps words without the texts that they are of, where masking does not reach`,
      { hint: 'back the database up without --mask, or drop the index' },
    );
  }
  throw new HoldfastError(
    'unsupported',
    `${name} is a virtual table of the module ${module}, where masking does not reach`,
    { hint: 'back the database up without --mask, or drop the table' },
  );
}

function maskedTable(
  database: DatabaseSync,
  { name }: TableShape,
  unique: readonly (UniqueKey & { readonly folded: readonly string[] })[],
): MaskedTable {
  const found = database
    .prepare(
      'select name, type, "notnull" as required, dflt_value as preset, hidden from pragma_table_xinfo(?)',
    )
    .all(name) as {
    name: string;
    type: string;
    required: number;
    preset: string | null;
    hidden: number;
  }[];
  const keys = unique.filter(({ table }) => table === name);
  // 1 is a command of a virtual table, and no column
  const columns = found.filter(({ hidden }) => hidden !== 1);
  return {
    name,
    columns: columns.map((column): ColumnShape => ({
      name: column.name,
      type: typeOf(column.type),
      takesLonger: true,
      nullable: column.required === 0,
      unique: keys.some((key) => key.columns.length === 1 && key.columns[0] === column.name),
      ignoresCase: keys.some(({ folded }) => folded.includes(column.name)),
      literalDefault: column.preset !== null && /['"].*[A-Za-z@\x80-\uffff]/s.test(column.preset),
      ...(column.hidden > 1 && { generated: true }),
    })),
  };
}

/**
 * A type as it takes values: the number in `varchar(40)` is nothing to SQLite, but to the programs that use it. Any
 * integer has 64 bits, and spaces at the end of a `char` are part of it.
 */
function typeOf(declared: string): string {
  const type = declared.trim().toLowerCase();
  if (type.includes('int')) return 'bigint';
  if (/char|clob|text/.test(type)) {
    const length = /\((\d+)\)/.exec(type)?.[1];
    return length === undefined ? 'text' : `varchar(${length})`;
  }
  return ['array', 'enum', 'record'].includes(parseColumnType(type).family) ? '' : type;
}

/** Of indexes, and of the number of a row that is a column. */
function uniqueKeys(
  database: DatabaseSync,
  tables: readonly TableShape[],
): (UniqueKey & { readonly folded: readonly string[] })[] {
  const indexes = database.prepare('select name from pragma_index_list(?) where "unique"');
  const parts = database.prepare('select name, coll from pragma_index_xinfo(?) where key order by seqno');
  const primary = database.prepare('select name from pragma_table_xinfo(?) where pk > 0 order by pk');
  return tables.flatMap(({ name: table, kind }) => {
    if (kind === 'virtual') return [];
    const keys = indexes.all(table).flatMap(({ name }) => {
      const columns = parts.all(String(name)) as { name: string | null; coll: string }[];
      // an expression keeps apart what its columns need not
      if (columns.some((column) => column.name === null)) return [];
      const folded = columns.filter(({ coll }) => coll.toUpperCase() === 'NOCASE');
      return [{ columns: columns.map((column) => column.name!), folded: folded.map((one) => one.name!) }];
    });
    const columns = primary.all(table).map(({ name }) => String(name));
    const known = keys.some((key) => key.columns.join('\0') === columns.join('\0'));
    if (columns.length > 0 && !known) keys.push({ columns, folded: [] });
    return keys.map((key) => ({ schema: '', table, ...key }));
  });
}

function foreignKeys(database: DatabaseSync, tables: readonly TableShape[]): ForeignKey[] {
  // names have no case there
  const names = new Map(tables.map(({ name }) => [name.toLowerCase(), name]));
  const columnsOf = new Map(tables.map(({ name, columns }) => [name, columns]));
  const named = (table: string, column: string): string =>
    columnsOf.get(table)?.find((one) => one.toLowerCase() === column.toLowerCase()) ?? column;
  const query = database.prepare(
    'select id, "table" as target, "from" as source, "to" as refers from pragma_foreign_key_list(?) order by id, seq',
  );
  const primary = database.prepare('select name from pragma_table_xinfo(?) where pk > 0 order by pk');
  return tables.flatMap(({ name, kind }) => {
    const keys = new Map<number, ForeignKey & { from: { columns: string[] }; to: { columns: string[] } }>();
    const found = kind === 'virtual' ? [] : query.all(name);
    for (const { id, target, source, refers } of found as {
      id: number;
      target: string;
      source: string;
      refers: string | null;
    }[]) {
      const table = names.get(target.toLowerCase()) ?? target;
      const key = keys.get(id) ?? {
        from: { schema: '', table: name, columns: [] },
        to: { schema: '', table, columns: [] },
      };
      keys.set(id, key);
      const at = key.from.columns.length;
      key.from.columns.push(named(name, source));
      const column = refers ?? primary.all(table).map((one) => String(one['name']))[at];
      if (column !== undefined) key.to.columns.push(named(table, column));
    }
    return [...keys.values()];
  });
}
