/**
 * A folder for copies that is gone when its owner is: by itself when the owner ends well, by the next one's doing when
 * the owner was killed. Who lives holds SQLite's lock on a file in it, which no dead process holds.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fromNodeError } from '../../kernel/native/system-error.ts';

export interface TemporaryFolder extends AsyncDisposable {
  /** only this user may enter it */
  readonly path: string;
}

const prefix = 'holdfast-sqlite-';
const lockName = 'lock';
/** A folder younger than this may be without its lock still, milliseconds. */
const youth = 60_000;

/** A new folder in `parent`, whose leftovers of killed processes are removed before. */
export async function makeTemporaryFolder(parent: string, now: () => number): Promise<TemporaryFolder> {
  await removeLeftovers(parent, now());
  const path = await mkdtemp(join(parent, prefix)).catch((error: unknown) => {
    throw fromNodeError('create a folder in', Buffer.from(parent), error);
  });
  let lock: DatabaseSync | undefined;
  try {
    lock = takeLock(path);
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
      lock.close();
    },
  };
}

/** Throws when another process has the lock. */
function takeLock(folder: string): DatabaseSync {
  const lock = new DatabaseSync(join(folder, lockName), { timeout: 0 });
  try {
    lock.exec('pragma journal_mode = memory; begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** What cannot be removed belongs to somebody else, or is in use. */
async function removeLeftovers(parent: string, now: number): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(prefix))) {
    const path = join(parent, name);
    try {
      const { ctimeMs, uid } = await stat(path);
      if (now - ctimeMs < youth || uid !== process.getuid?.()) continue;
      const lock = takeLock(path);
      await rm(path, { recursive: true, force: true });
      lock.close();
    } catch {
      continue;
    }
  }
}
