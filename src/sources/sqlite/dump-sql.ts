/** A SQLite database as SQL that makes the same one again, for the stock sqlite3: `sqlite3 new.db < dump.sql`. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { StoredDatabase } from '../database/driver.ts';
import { openUnchanging, tableSizes } from './inspect-database.ts';
import { statementForm } from './line-form.ts';
import { rowLines } from './row-lines.ts';
import { sqliteError } from './sqlite-error.ts';
import { writeStoredCopy } from './stored-copy.ts';
import { listTables, quoteName, quoteText } from './table-shape.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** Of the database in a snapshot, which takes its room in the folder for temporary files meanwhile. */
export async function* dumpStored(stored: StoredDatabase): AsyncGenerator<Uint8Array, void, void> {
  await using folder = await makeTemporaryFolder(tmpdir(), Date.now);
  const path = join(folder.path, 'copy.db');
  await writeStoredCopy(stored, path);
  try {
    const database = openUnchanging(path);
    try {
      yield* dumpSql(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw sqliteError(error, stored.evidence.database);
  }
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

/** As the stock `.dump` does it, and with the settings that belong to the content. */
export function* dumpSql(database: DatabaseSync): Generator<Uint8Array, void, void> {
  const pragma = (name: string): unknown => Object.values(database.prepare(`pragma ${name}`).get()!)[0];
  const shapes = new Map(listTables(database).map((shape) => [shape.name, shape]));
  const virtual = [...shapes.values()].some(({ kind }) => kind === 'virtual');
  const lines: string[] = [];
  // tables behind a virtual one are made as they were, which is not allowed otherwise
  if (virtual) lines.push('.dbconfig defensive off');
  lines.push(
    'PRAGMA foreign_keys=OFF;',
    `PRAGMA encoding='${String(pragma('encoding'))}';`,
    `PRAGMA page_size=${String(pragma('page_size'))};`,
    `PRAGMA auto_vacuum=${String(pragma('auto_vacuum'))};`,
    'BEGIN TRANSACTION;',
    `PRAGMA application_id=${String(pragma('application_id'))};`,
    `PRAGMA user_version=${String(pragma('user_version'))};`,
  );
  if (virtual) lines.push('PRAGMA writable_schema=ON;');
  yield text(lines);

  const schema = database
    .prepare('select type, name, sql from sqlite_schema order by rowid')
    .all() as unknown as SchemaRow[];
  const sizes = tableSizes(database);
  const rowsOf = (name: string): Iterable<Uint8Array> => {
    const form = statementForm(`INSERT INTO ${quoteName(name)} VALUES(`, ');');
    return rowLines(database, shapes.get(name)!, sizes.get(name)?.largest ?? 0, form);
  };
  const tables = schema.filter(({ type }) => type === 'table');
  for (const { name, sql } of tables) {
    if (name.startsWith('sqlite_')) continue;
    if (shapes.get(name)!.kind === 'virtual') {
      const values = `'table',${quoteText(name)},${quoteText(name)},0,${quoteText(sql!)}`;
      yield text([`INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql) VALUES(${values});`]);
      continue;
    }
    yield text([statement(sql!)]);
    yield* rowsOf(name);
  }
  // both are made by what was said before
  if (shapes.has('sqlite_sequence')) {
    yield text(['DELETE FROM sqlite_sequence;']);
    yield* rowsOf('sqlite_sequence');
  }
  if (shapes.has('sqlite_stat1')) {
    yield text(['ANALYZE sqlite_schema;']);
    yield* rowsOf('sqlite_stat1');
  }
  for (const { type, sql } of schema) {
    if (type !== 'table' && sql !== null) yield text([statement(sql)]);
  }
  yield text([...(virtual ? ['PRAGMA writable_schema=OFF;'] : []), 'COMMIT;']);
}

/** What ends with a comment must not have its semicolon there. */
function statement(sql: string): string {
  return sql.slice(sql.lastIndexOf('\n') + 1).includes('--') ? `${sql}\n;` : `${sql};`;
}

function text(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}
