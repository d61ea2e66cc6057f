/** Checks a SQLite database and reads all of it, on the thread that asks: nobody else's turn comes meanwhile. */
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { createSha256 } from '../../kernel/native/crypto.ts';
import { createRowSum, type RowSum } from '../../kernel/row-sum.ts';
import type { TableEvidence } from '../database/evidence.ts';
import type { EvidenceRequest, SqliteFindings } from './evidence.ts';
import { readHeader } from './file-header.ts';
import { jsonForm } from './line-form.ts';
import { rowLines } from './row-lines.ts';
import { needsExtension, sqliteError } from './sqlite-error.ts';
import { listTables, quoteText, type TableShape } from './table-shape.ts';

/** Of a file that nobody writes to. Codes `corrupt` when the check fails, `failed` for what is no database. */
export function inspectDatabase({ path, rows }: EvidenceRequest): SqliteFindings {
  try {
    const header = readHeader(path);
    const database = openUnchanging(path);
    try {
      const check = quickCheck(database, path);
      const shapes = listTables(database);
      const sum = createRowSum();
      const sizes = rows ? tableSizes(database) : new Map<string, TableSize>();
      const pragma = (name: string): unknown => Object.values(database.prepare(`pragma ${name}`).get()!)[0];
      return {
        writtenBy: header?.writtenBy ?? 'none',
        readBy: process.versions.sqlite!,
        encoding: String(pragma('encoding')),
        schema: schemaHash(database),
        sequences: sequences(database, shapes),
        tables: (rows ? shapes : [])
          .filter(({ kind }) => kind !== 'virtual')
          .map((shape) => sumTable(database, shape, sizes.get(shape.name), sum)),
        facts: {
          check,
          pageSize: Number(pragma('page_size')),
          pages: Number(pragma('page_count')),
          journal: header?.writeAheadLog ? 'wal' : 'rollback',
          applicationId: Number(pragma('application_id')),
          userVersion: Number(pragma('user_version')),
          virtualTables: shapes.filter(({ kind }) => kind === 'virtual').map(({ name }) => name),
        },
      };
    } finally {
      database.close();
    }
  } catch (error) {
    throw sqliteError(error, path);
  }
}

/** Opens a file that nobody writes to, for reading; one with a write-ahead log would otherwise get a new log. */
export function openUnchanging(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true });
}

export interface TableSize {
  readonly bytes: number;
  /** bytes of the largest row */
  readonly largest: number;
}

export function tableSizes(database: DatabaseSync): Map<string, TableSize> {
  const query = `select name, pgsize as bytes, mx_payload as largest from dbstat where aggregate = 1`;
  const rows = database.prepare(query).all() as unknown as ({ name: string } & TableSize)[];
  return new Map(rows.map(({ name, bytes, largest }) => [name, { bytes, largest }]));
}

function sumTable(
  database: DatabaseSync,
  shape: TableShape,
  size: TableSize | undefined,
  sum: RowSum,
): Omit<TableEvidence, 'part'> {
  for (const piece of rowLines(database, shape, size?.largest ?? 0, jsonForm)) {
    sum.update(piece);
  }
  const { rows, checksum } = sum.end();
  const bytes = size?.bytes ?? 0;
  return { schema: '', name: shape.name, rows, bytes, checksum: checksum.toString(16).padStart(16, '0') };
}

function quickCheck(database: DatabaseSync, path: string): string {
  let problems: string[];
  try {
    const rows = database.prepare('pragma quick_check(3)').all();
    problems = rows.map((row) => String(Object.values(row)[0]));
  } catch (error) {
    if (!needsExtension(error)) throw error;
    return `not possible: ${messageOf(error)}`;
  }
  if (problems.length === 1 && problems[0] === 'ok') return 'ok';
  throw new HoldfastError('corrupt', `${path} is damaged: ${problems.join('; ').replaceAll('\n', ' ')}`, {
    hint: 'sqlite3 has .recover for what can be saved; older snapshots may hold a sound copy',
  });
}

function schemaHash(database: DatabaseSync): string {
  const query = `select type, name, tbl_name, coalesce(sql, '') as sql from sqlite_schema order by 1, 2, 3`;
  const hash = createSha256();
  for (const row of database.prepare(query).iterate()) {
    for (const part of Object.values(row)) hash.update(Buffer.from(`${String(part)}\0`));
  }
  return toHex(hash.digest());
}

function sequences(database: DatabaseSync, shapes: readonly TableShape[]): string[] {
  if (!shapes.some(({ name }) => name === 'sqlite_sequence')) return [];
  const statement = database.prepare('select name, seq from sqlite_sequence order by name');
  statement.setReadBigInts(true);
  return statement
    .all()
    .map(({ name, seq }) => `INSERT INTO sqlite_sequence VALUES(${quoteText(String(name))},${String(seq)});`);
}
