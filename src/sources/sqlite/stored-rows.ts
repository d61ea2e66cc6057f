/** The rows of the tables of a stored SQLite database, as lines. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { throwIfAborted } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { openUnchanging, tableSizes } from './inspect-database.ts';
import { jsonForm } from './line-form.ts';
import { rowLines } from './row-lines.ts';
import { writeStoredCopy } from './stored-copy.ts';
import { listTables } from './table-shape.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export interface StoredRows extends AsyncDisposable {
  /** A line for each row of a table, none for a table that is not there. */
  rowsOf(table: string): AsyncIterable<Uint8Array>;
}

/** Takes the database's room in the folder for temporary files until it is disposed of. */
export async function openStoredRows(stored: StoredDatabase, signal: AbortSignal): Promise<StoredRows> {
  const folder = await makeTemporaryFolder(tmpdir(), Date.now);
  try {
    const path = join(folder.path, 'copy.db');
    await writeStoredCopy(stored, path);
    const database = openUnchanging(path);
    const sizes = tableSizes(database);
    const shapes = listTables(database);
    return {
      async *rowsOf(table) {
        const shape = shapes.find(({ name }) => name === table);
        if (!shape) return;
        const largest = sizes.get(table)?.largest ?? 0;
        for (const piece of rowLines(database, shape, largest, jsonForm)) {
          throwIfAborted(signal);
          yield piece;
          // SQLite does its work on this thread
          await breathe();
        }
      },
      async [Symbol.asyncDispose]() {
        database.close();
        await folder[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}
