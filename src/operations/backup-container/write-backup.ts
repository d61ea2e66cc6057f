/** Writes a backup into its folder: under the name `.in_progress` until all of it is on the disk. */
import { chmod, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { syncFolder } from '../../storage/local-io.ts';
import { unfinishedSuffix } from './stored-backups.ts';

/** Folders may be pruned away by somebody else at the wrong moment. */
const tries = 3;

/**
 * Resolves to the size in bytes. On failure nothing stays. Codes `exists`, `disk-full`, `forbidden`, `interrupted`, and
 * what `bytes` throws.
 */
export async function writeBackup(
  folder: string,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  const path = join(folder, name);
  const unfinished = path + unfinishedSuffix;
  let failure: { readonly error: unknown } | undefined;
  let size = 0;
  const told = async function* (): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* bytes;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  try {
    if (await isThere(path)) throw new HoldfastError('exists', `${path} is there already`);
    await using handle = await create(unfinished);
    for await (const piece of told()) {
      throwIfAborted(signal);
      await handle.writeFile(piece);
      size += piece.length;
    }
    await handle.sync();
    throwIfAborted(signal);
    await rename(unfinished, path);
    try {
      await syncFolder(dirname(path));
    } catch (error) {
      // it may not survive a power cut: who is told so must not find it either
      await rm(path, { force: true }).catch(() => {});
      throw error;
    }
    return size;
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    // what was made for it; a folder that has anything in it stays
    await rmdir(dirname(path)).catch(() => {});
    if (failure) throw failure.error;
    if (error instanceof HoldfastError) throw error;
    throw fromNodeError('write', Buffer.from(path), error);
  }
}

async function create(path: string): ReturnType<typeof open> {
  for (let left = tries; ; left--) {
    await makeFolder(dirname(path));
    try {
      return await open(path, 'w', 0o660);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || left === 1) throw error;
    }
  }
}

/** The group may write, too: a volume is often shared by users who have the group alone in common. */
async function makeFolder(path: string): Promise<void> {
  if (await isThere(path)) return;
  await makeFolder(dirname(path));
  try {
    await mkdir(path, 0o775);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return;
  }
  // the umask may have taken it away; some network file systems have no modes at all
  await chmod(path, 0o775).catch(() => {});
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
