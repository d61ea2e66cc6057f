/** Whole reads and writes on a file handle, for the local storage and the cache. */
import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { throwIfAborted } from '../kernel/errors.ts';
import { bypassCache, diskUnit, useCache } from '../kernel/native/page-cache.ts';
import { errnoOf } from './local-errors.ts';
import { truncatedError } from './range.ts';

/** What one read call may ask the kernel for. */
const largestRead = 1 << 30;
/** The kernel takes at most 1024 pieces in one call. */
const piecesPerCall = 512;

/** Fills `into` from `offset`; code `truncated` when the file ends before. */
export async function readFully(
  handle: FileHandle,
  name: string,
  into: Uint8Array,
  offset: number,
): Promise<void> {
  for (let done = 0; done < into.length;) {
    const want = Math.min(into.length - done, largestRead);
    const { bytesRead } = await handle.read(into, done, want, offset + done);
    if (bytesRead === 0) throw truncatedError(name, offset, into.length, (await handle.stat()).size);
    done += bytesRead;
  }
}

/** Appends all pieces, in few calls and without copying; resolves to how many bytes that was. */
export async function writeAll(
  handle: FileHandle,
  pieces: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<number> {
  let total = 0;
  let rest = pieces.filter((piece) => piece.length > 0);
  while (rest.length > 0) {
    throwIfAborted(signal);
    let { bytesWritten: written } = await handle.writev(rest.slice(0, piecesPerCall));
    total += written;
    let whole = 0;
    while (whole < rest.length && written >= rest[whole]!.length) written -= rest[whole++]!.length;
    rest = rest.slice(whole);
    if (written > 0) rest[0] = rest[0]!.subarray(written);
  }
  return total;
}

/**
 * Appends `bytes` to an empty file, past the kernel's cache where that can be: a copy of all that is written, in memory
 * that the programs on this machine would use, is work for nothing.
 */
export async function writePastCache(
  handle: FileHandle,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<number> {
  const whole = bytes.length - (bytes.length % diskUnit);
  let done = 0;
  if (bypassCache(handle.fd, bytes)) {
    try {
      for (let written = diskUnit; done < whole && written > 0 && done % diskUnit === 0; done += written) {
        throwIfAborted(signal);
        written = (await handle.write(bytes, done, whole - done)).bytesWritten;
      }
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error;
    } finally {
      useCache(handle.fd);
    }
  }
  return done + (await writeAll(handle, [bytes.subarray(done)], signal));
}

/** Removes a temporary file on the way out of a failure. */
export async function removeQuietly(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch {
    // The error that led here is the one to tell.
  }
}

/** What was renamed into a folder is there after a power cut, once this resolves. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no way to sync a folder.
  if (process.platform === 'win32') return;
  try {
    await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    await handle.sync();
  } catch (error) {
    // Some network and FUSE file systems cannot, and do not need it; and a folder may permit to write but not to read.
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'].includes(errnoOf(error) ?? '')) throw error;
  }
}
