/** Opens regular files for a backup: no symlink is followed, access times stay, and a change while reading is seen. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { HoldfastError } from '../../kernel/errors.ts';
import { asBuffer, cString } from '../../kernel/native/c-string.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  type Libc,
  O_CLOEXEC,
  STATX_BASIC,
  libc,
} from '../../kernel/native/libc.ts';
import { RECORD_BYTES, StatRecords, recordFromStatx } from '../../kernel/native/stat-record.ts';
import { emptyCString } from '../../kernel/native/c-string.ts';
import { calling, checkResult, showPath } from '../../kernel/native/system-error.ts';
import { statOpenFile } from './listing.ts';

export interface OpenFile {
  readonly fd: number;
  /** one record: the file as it was right after opening */
  readonly stat: StatRecords;
}

const EPERM = -1;
const statBuffer = Buffer.alloc(256);
const statWords = new Int32Array(statBuffer.buffer, statBuffer.byteOffset, 64);
// a fifo that took the file's place must not make the open wait for a writer
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a regular file to read it.
 * @throws HoldfastError `not-found`, `forbidden`, `failed` (also when it is no regular file any more)
 */
export function openFile(path: Uint8Array, native: Libc | null = libc): OpenFile {
  const fd = native ? openNatively(path, native) : openWithNode(path);
  try {
    const stat = statOf(fd, path, native);
    if (!stat.isFile(0)) throw new HoldfastError('failed', `${showPath(path)} is no longer a regular file`);
    return { fd, stat };
  } catch (error) {
    closeFile(fd, native);
    throw error;
  }
}

/**
 * Reads up to `length` bytes at `position` into `bytes[start...]`; fewer only at the end of the file.
 * @throws HoldfastError `failed`
 */
export function readFile(
  fd: number,
  path: Uint8Array,
  bytes: Uint8Array,
  start: number,
  length: number,
  position: number,
): number {
  let total = 0;
  while (total < length) {
    const n = calling('read', path, () =>
      readSync(fd, bytes, start + total, length - total, position + total),
    );
    if (n === 0) break;
    total += n;
  }
  return total;
}

/** True when size, modification time or change time are not what they were when the file was opened. */
export function changedWhileOpen(file: OpenFile, path: Uint8Array, native: Libc | null = libc): boolean {
  const now = statOf(file.fd, path, native);
  const was = file.stat;
  return (
    now.size(0) !== was.size(0) ||
    now.mtimeSec(0) !== was.mtimeSec(0) ||
    now.mtimeNsec(0) !== was.mtimeNsec(0) ||
    now.ctimeSec(0) !== was.ctimeSec(0) ||
    now.ctimeNsec(0) !== was.ctimeNsec(0)
  );
}

export function closeFile(fd: number, native: Libc | null = libc): void {
  if (native) native.close(fd);
  else closeSync(fd);
}

function openNatively(path: Uint8Array, native: Libc): number {
  const fd = native.openAt(AT_FDCWD, cString(path), flags | O_CLOEXEC | constants.O_NOATIME, 0);
  // only the owner may ask that the access time stays
  return checkResult(
    'open',
    path,
    fd === EPERM ? native.openAt(AT_FDCWD, cString(path), flags | O_CLOEXEC, 0) : fd,
  );
}

function openWithNode(path: Uint8Array): number {
  return calling('open', path, () => {
    try {
      return openSync(asBuffer(path), flags | (constants.O_NOATIME ?? 0));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
      return openSync(asBuffer(path), flags);
    }
  });
}

function statOf(fd: number, path: Uint8Array, native: Libc | null): StatRecords {
  if (!native) return calling('stat', path, () => statOpenFile(fd));
  checkResult('stat', path, native.statxPath(fd, emptyCString, AT_EMPTY_PATH, STATX_BASIC, statBuffer));
  const words = new Int32Array(RECORD_BYTES / 4);
  recordFromStatx(words, 0, statWords);
  return new StatRecords(words.buffer);
}
