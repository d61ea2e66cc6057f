/**
 * Large writes past the kernel's cache: it would copy every byte and put out of memory what other programs read again,
 * a database's tables first, for files that are not read for weeks.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { throwIfAborted } from '../kernel/errors.ts';
import { errnoOf } from './local-errors.ts';

export interface DirectWriter {
  /**
   * Writes the beginning of `bytes` to the beginning of a file that is there; how many bytes, which is 0 where this is
   * impossible or not worth it. They are as safe as those of any other write: whoever needs them on the disk syncs the file.
   */
  write(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<number>;
}

/** What disks and file systems want addresses, places and lengths to be a multiple of. */
const unit = 4096;
const smallest = 1024 * 1024;
/** What one call may be asked for; a multiple of the unit. */
const largest = 1 << 30;

export function createDirectWriter(): DirectWriter {
  // not there on Windows and macOS
  const direct = constants.O_DIRECT as number | undefined;
  /** file systems say no when a file is opened, or when it is written */
  let possible = direct !== undefined;

  return {
    async write(path, bytes, signal) {
      // of all memory, that of packs alone is shared, and begins where a page begins
      const fits = bytes.buffer instanceof SharedArrayBuffer && bytes.byteOffset % unit === 0;
      if (!possible || !fits || bytes.length < smallest) return 0;
      const length = bytes.length - (bytes.length % unit);
      let done = 0;
      try {
        await using handle = await open(path, constants.O_WRONLY | direct!);
        while (done < length) {
          throwIfAborted(signal);
          const { bytesWritten } = await handle.write(bytes, done, Math.min(length - done, largest), done);
          done += bytesWritten;
          // a disk that is nearly full takes a part: the ordinary way tells what is wrong with the rest
          if (bytesWritten === 0 || bytesWritten % unit !== 0) return done;
        }
        return done;
      } catch (error) {
        if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '')) throw error;
        possible = false;
        return done;
      }
    },
  };
}
