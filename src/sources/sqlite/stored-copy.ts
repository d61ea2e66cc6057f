/** The database of a snapshot as a file again, which SQLite can open. */
import { open } from 'node:fs/promises';
import { HoldfastError } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { StoredDatabase } from '../database/driver.ts';

/**
 * Writes a new file that is on the disk when this resolves, and that only this user may read. Codes `corrupt` when it
 * is not what was stored, and the file system's.
 */
export async function writeStoredCopy({ evidence, read }: StoredDatabase, path: string): Promise<void> {
  const [part] = evidence.parts;
  if (evidence.kind !== 'sqlite' || !part) {
    throw new HoldfastError('failed', `the snapshot has a database of ${evidence.kind}, and none of SQLite`);
  }
  let size = 0;
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const piece of read(part.name)) {
        await file.writeFile(piece);
        size += piece.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof HoldfastError ? error : fromNodeError('write', Buffer.from(path), error);
  }
  if (size === part.bytes) return;
  throw new HoldfastError('corrupt', `${part.name} has ${size} bytes in the snapshot, and had ${part.bytes}`);
}
