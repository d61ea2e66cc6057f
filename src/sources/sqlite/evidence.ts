/** What a database holds, in a few figures: recorded beside every copy, to be compared with what a restore gives. */
import { setImmediate as breathe } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { createSha256 } from '../../kernel/native/crypto.ts';
import { createRowChecksum, type RowChecksum } from './row-checksum.ts';
import { needsExtension, sqliteError } from './sqlite-error.ts';

export interface SqliteEvidence {
  readonly engine: 'sqlite';
  /** of the library that looked */
  readonly version: string;
  /** `ok` of PRAGMA quick_check; or why it could not be asked */
  readonly check: string;
  readonly pageSize: number;
  readonly pages: number;
  readonly encoding: string;
  readonly applicationId: number;
  readonly userVersion: number;
  /** of the type, name, table and SQL of everything in the schema, each ended by a zero byte */
  readonly schemaSha256: string;
  readonly tables: readonly SqliteTableEvidence[];
}

export interface SqliteTableEvidence {
  readonly name: string;
  /** a virtual table's rows are those of its shadow tables, or lie outside of the database */
  readonly kind: 'table' | 'shadow' | 'virtual';
  readonly rows?: number;
  /** order-independent, of all columns that are not generated; text that is not valid counts as U+FFFD */
  readonly checksum?: string;
}

/** Rows between two looks at the signal and at other work. */
const rowsAtOnce = 4096;

/**
 * Reads all of a database file that nobody writes to, and leaves nothing beside it.
 * Codes `corrupt` when the check fails, `failed` for what is no database, `interrupted`.
 */
export async function gatherEvidence(
  path: string,
  signal: AbortSignal,
  warn: (message: string) => void,
): Promise<SqliteEvidence> {
  const url = pathToFileURL(path);
  // a database with a write-ahead log would otherwise get one
  url.searchParams.set('immutable', '1');
  try {
    const database = new DatabaseSync(url, { readOnly: true });
    try {
      const check = quickCheck(database, path, warn);
      const tables: SqliteTableEvidence[] = [];
      for (const { name, kind } of listTables(database)) {
        if (kind === 'virtual') {
          tables.push({ name, kind });
          continue;
        }
        const sum = await readRows(database, name, signal);
        tables.push({ name, kind, rows: sum.rows, checksum: sum.digest() });
      }
      const pragma = (name: string): unknown => Object.values(database.prepare(`pragma ${name}`).get()!)[0];
      return {
        engine: 'sqlite',
        version: process.versions.sqlite!,
        check,
        pageSize: Number(pragma('page_size')),
        pages: Number(pragma('page_count')),
        encoding: String(pragma('encoding')),
        applicationId: Number(pragma('application_id')),
        userVersion: Number(pragma('user_version')),
        schemaSha256: schemaHash(database),
        tables,
      };
    } finally {
      database.close();
    }
  } catch (error) {
    throw sqliteError(error, path);
  }
}

function quickCheck(database: DatabaseSync, path: string, warn: (message: string) => void): string {
  let problems: string[];
  try {
    const rows = database.prepare('pragma quick_check(3)').all();
    problems = rows.map((row) => String(Object.values(row)[0]));
  } catch (error) {
    if (!needsExtension(error)) throw error;
    const reason = messageOf(error);
    warn(`the database could not be checked: ${reason}`);
    return `not possible: ${reason}`;
  }
  if (problems.length === 1 && problems[0] === 'ok') return 'ok';
  throw new HoldfastError('corrupt', `${path} is damaged: ${problems.join('; ').replaceAll('\n', ' ')}`, {
    hint: 'sqlite3 has .recover for what can be saved; older snapshots may hold a sound copy',
  });
}

function listTables(database: DatabaseSync): { name: string; kind: SqliteTableEvidence['kind'] }[] {
  const query = `select name, type as kind from pragma_table_list
    where schema = 'main' and name <> 'sqlite_schema' and type <> 'view' order by name`;
  return database.prepare(query).all() as { name: string; kind: SqliteTableEvidence['kind'] }[];
}

async function readRows(database: DatabaseSync, table: string, signal: AbortSignal): Promise<RowChecksum> {
  const columns = database.prepare('select name from pragma_table_xinfo(?) where hidden = 0').all(table);
  const names = columns.map(({ name }) => quoteName(String(name)));
  const statement = database.prepare(`select ${names.join(', ')} from main.${quoteName(table)}`);
  statement.setReturnArrays(true);
  statement.setReadBigInts(true);
  const sum = createRowChecksum();
  for (const row of statement.iterate() as Iterable<unknown> as Iterable<Parameters<RowChecksum['add']>[0]>) {
    sum.add(row);
    if (sum.rows % rowsAtOnce !== 0) continue;
    throwIfAborted(signal);
    await breathe();
  }
  throwIfAborted(signal);
  return sum;
}

function schemaHash(database: DatabaseSync): string {
  const query = `select type, name, tbl_name, coalesce(sql, '') as sql from sqlite_schema order by 1, 2, 3`;
  const hash = createSha256();
  for (const row of database.prepare(query).iterate()) {
    for (const part of Object.values(row)) hash.update(Buffer.from(`${String(part)}\0`));
  }
  return toHex(hash.digest());
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
