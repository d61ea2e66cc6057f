/** Masking of SQLite databases that are stored somewhere, and the few rows of them that rules are proposed from. */
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { StoredDatabase } from '../database/driver.ts';
import type { TableShape } from '../masking/column-type.ts';
import type { Masking } from '../masking/masking.ts';
import type { DatabaseSample, TableSample } from '../masking/table-sample.ts';
import { copyDatabase } from './consistent-copy.ts';
import { openUnchanging } from './inspect-database.ts';
import { writeMaskedCopy } from './masked-copy.ts';
import { readMaskingShape } from './masking-shape.ts';
import { namedAfter, sqliteError } from './sqlite-error.ts';
import { writeStoredCopy } from './stored-copy.ts';
import { quoteName } from './table-shape.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** Longer values tell no more, characters. */
const longestValue = 16 * 1024;
const pieceBytes = 1 << 20;

/** Takes the database's room in the folder for temporary files until it is closed. Codes as of `writeMaskedCopy`. */
export async function maskSqlite(stored: StoredDatabase, masking: Masking): Promise<StoredDatabase> {
  const { evidence } = stored;
  const folder = await makeTemporaryFolder(tmpdir(), Date.now);
  const close = async (): Promise<void> => folder[Symbol.asyncDispose]();
  try {
    const copy = join(folder.path, 'copy.db');
    const path = join(folder.path, 'masked.db');
    await writeStoredCopy(stored, copy);
    await namingDatabase(copy, evidence.database, () => writeMaskedCopy(copy, path, masking));
    await rm(copy);
    const { size } = await stat(path);
    const parts = evidence.parts.map(({ name }) => ({ name, bytes: size }));
    return {
      evidence: { ...evidence, parts, masked: { rules: masking.rules.digest } },
      read: () => createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Uint8Array>,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Of a snapshot: the first rows of each table. */
export function sampleStored(stored: StoredDatabase): Promise<DatabaseSample> {
  return sample(stored.evidence.database, async () => {
    const folder = await makeTemporaryFolder(tmpdir(), Date.now);
    const path = join(folder.path, 'copy.db');
    const close = async (): Promise<void> => folder[Symbol.asyncDispose]();
    try {
      await writeStoredCopy(stored, path);
      return { path, [Symbol.asyncDispose]: close };
    } catch (error) {
      await close();
      throw error;
    }
  });
}

/** Of a database in use. */
export function sampleLive(database: string, signal: AbortSignal): Promise<DatabaseSample> {
  return sample(database, () => copyDatabase(database, tmpdir(), signal));
}

interface Copy extends AsyncDisposable {
  readonly path: string;
}

/** Copies are there only while they are read. */
async function sample(database: string, copy: () => Promise<Copy>): Promise<DatabaseSample> {
  const reading = async <Result>(read: (opened: DatabaseSync) => Result): Promise<Result> => {
    await using taken = await copy();
    return namingDatabase(taken.path, database, async () => {
      const opened = openUnchanging(taken.path);
      try {
        return read(opened);
      } finally {
        opened.close();
      }
    });
  };
  const shape = await reading(readMaskingShape);
  return {
    shape,
    async *tables(count) {
      yield* await reading((opened) => shape.tables.map((table) => firstRows(opened, table, count)));
    },
  };
}

function firstRows(database: DatabaseSync, table: TableShape, count: number): TableSample {
  const values = table.columns.map(({ name }) => {
    const column = quoteName(name);
    return `case typeof(${column}) when 'blob' then null else cast(substr(${column}, 1, ${longestValue}) as text) end`;
  });
  const statement = database.prepare(
    `select ${values.join(', ')} from ${quoteName(table.name)} limit ${count}`,
  );
  statement.setReturnArrays(true);
  const rows = statement.all() as unknown as (string | null)[][];
  return { table, rows: rows.map((row) => row.map((value) => value ?? undefined)) };
}

/** People know their database, not its copy. */
async function namingDatabase<Result>(
  copy: string,
  database: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw namedAfter(sqliteError(error, copy), copy, database);
  }
}
