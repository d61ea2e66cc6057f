/**
 * One consistent state of a database that is in use, as a file of its own: SQLite's online backup, inside one read
 * transaction, so that whoever goes on writing never makes it begin again.
 */
import { constants } from 'node:fs';
import { access, open, realpath, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { sqliteError } from './sqlite-error.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export interface ConsistentCopy extends AsyncDisposable {
  /** of the copy, in a folder that only this user may enter; gone when it is disposed */
  readonly path: string;
  /** of the original */
  readonly permissions: number;
  readonly modified: Date;
}

/** Milliseconds to wait for a writer's lock. */
const patience = 60_000;
/** Bytes between two looks at the signal. */
const stepBytes = 8 << 20;

/**
 * Copies the database into a new folder below `folder`. With a write-ahead log nobody waits; without one, writers
 * wait as long as the copy takes, and are never waited for longer than a minute.
 * Codes `not-found`, `forbidden`, `corrupt`, `disk-full`, `interrupted`, and `failed` for what is no database.
 */
export async function copyDatabase(
  named: string,
  folder: string,
  signal: AbortSignal,
): Promise<ConsistentCopy> {
  throwIfAborted(signal);
  // SQLite keeps its files beside what a link leads to
  const database = await realpath(named).catch((error: unknown) => {
    throw fromNodeError('open', Buffer.from(named), error);
  });
  const before = await inspect(database);
  await ensureRoom(folder, before.size);
  const own = await makeTemporaryFolder(folder, Date.now);
  const path = join(own.path, 'copy.db');
  try {
    const source = new DatabaseSync(database, { readOnly: before.readOnly, timeout: patience });
    try {
      source.exec('pragma query_only = on; begin');
      // this read is what fixes the state
      const { page_size: pageSize } = source.prepare('select page_size from pragma_page_size').get() as {
        page_size: number;
      };
      source.prepare('select count(*) from sqlite_schema').get();
      const modified = await lastWrite(database);
      await backup(source, path, {
        rate: Math.ceil(stepBytes / pageSize),
        progress: () => throwIfAborted(signal),
      });
      throwIfAborted(signal);
      const dispose = () => own[Symbol.asyncDispose]();
      return { path, permissions: before.permissions, modified, [Symbol.asyncDispose]: dispose };
    } finally {
      source.close();
    }
  } catch (error) {
    await own[Symbol.asyncDispose]();
    throw sqliteError(error, database);
  }
}

interface Inspected {
  readonly size: number;
  readonly permissions: number;
  readonly readOnly: boolean;
}

async function inspect(database: string): Promise<Inspected> {
  const header = Buffer.alloc(20);
  try {
    const file = await open(database, 'r');
    try {
      const main = await file.stat();
      if (!main.isFile()) throw new HoldfastError('failed', `${database} is not a file`);
      await file.read(header, 0, header.length, 0);
      const log = await sizeOf(`${database}-wal`);
      // Of a log that is not there, the last connection to close removes its own, but only when it may write.
      const makesLog = header[18] === 2 && log === undefined && (await isWritable(database));
      return { size: main.size + (log ?? 0), permissions: main.mode & 0o777, readOnly: !makesLog };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fromNodeError('open', Buffer.from(database), error);
  }
}

/** Code `disk-full` when the folder's disk has no room for so many bytes. */
export async function ensureRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch((error: unknown) => {
    throw fromNodeError('look at', Buffer.from(folder), error);
  });
  if (bavail * bsize >= bytes) return;
  const needed = Math.ceil(bytes / (1 << 20));
  throw new HoldfastError('disk-full', `the copy of the database needs ${needed} MiB in ${folder}`, {
    hint: 'free some space, or choose another folder with TMPDIR',
  });
}

async function lastWrite(database: string): Promise<Date> {
  const main = await stat(database);
  const log = await stat(`${database}-wal`).catch(() => undefined);
  return log !== undefined && log.size > 0 && log.mtime > main.mtime ? log.mtime : main.mtime;
}

function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

async function isWritable(database: string): Promise<boolean> {
  try {
    await access(database, constants.W_OK);
    await access(dirname(database), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
