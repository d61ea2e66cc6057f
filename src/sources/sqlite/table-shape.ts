/** What there is to know of a SQLite database's tables before their rows are read. */
import type { DatabaseSync } from 'node:sqlite';

export interface TableShape {
  readonly name: string;
  /** the rows of a virtual table are those of its shadow tables, or lie outside of the database */
  readonly kind: 'table' | 'shadow' | 'virtual';
  /** those that are not generated: what a row is made of */
  readonly columns: readonly string[];
  /** a name by which the rows' numbers can be asked for; undefined when there are none, or columns have all its names */
  readonly rowid: string | undefined;
}

export const lowestRowid = -(2n ** 63n);
export const highestRowid = 2n ** 63n - 1n;

/** The tables of a connection's database by name, without `sqlite_schema` and without views. */
export function listTables(database: DatabaseSync, of: 'main' | 'stored' = 'main'): TableShape[] {
  const query = `select name, type as kind, wr from pragma_table_list
    where schema = '${of}' and name <> 'sqlite_schema' and type <> 'view' order by name`;
  const found = database.prepare(query).all() as { name: string; kind: TableShape['kind']; wr: number }[];
  const info = database.prepare(`select name, hidden from pragma_table_xinfo(?, '${of}')`);
  return found.map(({ name, kind, wr }) => {
    const columns = info.all(name) as { name: string; hidden: number }[];
    const taken = new Set(columns.map((column) => column.name.toLowerCase()));
    const free = ['rowid', '_rowid_', 'oid'].find((candidate) => !taken.has(candidate));
    return {
      name,
      kind,
      columns: columns.filter(({ hidden }) => hidden === 0).map((column) => column.name),
      rowid: wr === 0 && kind !== 'virtual' ? free : undefined,
    };
  });
}

/** The column of a table that is the number of its rows; undefined when none is. */
export function numberColumn(
  database: DatabaseSync,
  of: 'main' | 'stored',
  table: string,
): string | undefined {
  // any other key has an index
  const query = `select name from pragma_table_xinfo(?1, '${of}')
    where pk > 0 and not exists (select 1 from pragma_index_list(?1, '${of}') where origin = 'pk')`;
  const key = database.prepare(query).get(table) as { name: string } | undefined;
  return key?.name;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
