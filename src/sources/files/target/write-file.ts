/** Regular files of a restore: opened so that nothing else is ever written to, sized once, written at positions, sparse if wanted. */
import { constants, writeSync } from 'node:fs';
import { HoldfastError } from '../../../kernel/errors.ts';
import { type DirectoryHandle, shownPath } from '../../../kernel/native/directory-handle.ts';
import { RECORD_BYTES, StatRecords } from '../../../kernel/native/stat-record.ts';
import { calling, checkResult, showPath, systemError } from '../../../kernel/native/system-error.ts';
import { removeEntry } from './create.ts';
import type { FileTarget } from './file-target.ts';
import { checkName } from './safe-name.ts';
import { removeTree } from './remove.ts';

const { O_WRONLY, O_RDONLY, O_CREAT, O_EXCL, O_NONBLOCK } = constants;
const EACCES = -13;
const ENOENT = -2;
const ENOSPC = -28;
const EEXIST = -17;
const REPLACE: readonly number[] = [-40 /* ELOOP */, -21 /* EISDIR */, -6 /* ENXIO: a fifo */];

/** Above this a file gets its space at once, so that a full disk shows early and parts can be written in any order. */
const PREALLOCATE_FROM = 1 << 20;
/** Zero bytes that make a hole: a block of nearly every file system. */
const HOLE = 4096;
const zeros = Buffer.alloc(1 << 16);

export interface CreateFileOptions {
  /** the final size in bytes */
  readonly size: number;
  /** leave holes for zero bytes: the file is emptied first, so that holes read as zeros */
  readonly sparse: boolean;
  /** parts of an existing file are right and must stay; not together with `sparse`, whose holes would show old bytes */
  readonly keepContent: boolean;
  /** a directory in the way may be removed with all it holds (`--delete`); otherwise only an empty one */
  readonly removeDirectories: boolean;
}

/**
 * Opens a regular file for writing, creates it where there is none, and gives it its size. A symlink, a directory, a
 * special file or a file with several links in its place is replaced. A new file has mode 0600 until its metadata is applied.
 * @returns the descriptor; `closeFile` of the target's calls closes it
 * @throws HoldfastError `forbidden`, `disk-full`, `failed`; `corrupt` for hostile names
 */
export function createFile(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
  options: CreateFileOptions,
): number {
  checkName(name);
  if (options.sparse && options.keepContent) {
    throw new HoldfastError('usage', 'a file that keeps content cannot be written sparse');
  }
  const { calls } = target;
  const fresh = calls.open(parent, name, O_CREAT | O_EXCL | O_WRONLY, 0o600);
  if (fresh >= 0) return sized(target, fresh, parent, name, 0, options);
  if (fresh !== EEXIST) throw systemError('create', shownPath(parent, name), fresh);

  const existing = openForUpdate(target, parent, name);
  if (existing) {
    if (options.keepContent) return sized(target, existing.fd, parent, name, existing.size, options);
    if (calls.truncate(existing.fd, 0) === 0) return sized(target, existing.fd, parent, name, 0, options);
    calls.closeFile(existing.fd);
  }
  if (options.removeDirectories) removeTree(target, parent, name);
  else removeEntry(target, parent, name);
  const fd = calls.open(parent, name, O_CREAT | O_EXCL | O_WRONLY, 0o600);
  checkResult('create', shownPath(parent, name), fd);
  return sized(target, fd, parent, name, 0, options);
}

/** Opens a file that this restore created before, to write further parts. @throws HoldfastError */
export function reopenFile(target: FileTarget, parent: DirectoryHandle, name: Uint8Array): number {
  checkName(name);
  const fd = checkResult(
    'open',
    shownPath(parent, name),
    target.calls.open(parent, name, O_WRONLY | O_NONBLOCK, 0),
  );
  if (statFile(target, fd)?.isFile(0) === true) return fd;
  target.calls.closeFile(fd);
  throw new HoldfastError('failed', `${showPath(shownPath(parent, name))} is no longer a regular file`);
}

/** Opens what stands there to compare it; undefined when it is no regular file or nothing is there. */
export function openExisting(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
): { readonly fd: number; readonly stat: StatRecords } | undefined {
  checkName(name);
  const fd = target.calls.open(parent, name, O_RDONLY | O_NONBLOCK, 0);
  if (fd === ENOENT || REPLACE.includes(fd)) return undefined;
  checkResult('open', shownPath(parent, name), fd);
  const stat = statFile(target, fd);
  if (stat?.isFile(0) === true) return { fd, stat };
  target.calls.closeFile(fd);
  return undefined;
}

/**
 * Writes bytes at a position. With `sparse`, runs of zeros are skipped: only for files that were created sparse.
 * @throws HoldfastError `disk-full`, `failed`
 */
export function writeAt(
  fd: number,
  path: Uint8Array,
  bytes: Uint8Array,
  start: number,
  length: number,
  position: number,
  sparse: boolean,
): void {
  if (!sparse) return writeAll(fd, path, bytes, start, length, position);
  const end = start + length;
  for (let at = start; at < end;) {
    const data = at + zeroRun(bytes, at, end);
    const stop = nextHole(bytes, data, end, position - start);
    writeAll(fd, path, bytes, data, stop - data, position + data - start);
    at = stop;
  }
}

function writeAll(
  fd: number,
  path: Uint8Array,
  bytes: Uint8Array,
  start: number,
  length: number,
  position: number,
): void {
  for (let done = 0; done < length;) {
    done += calling('write', path, () => writeSync(fd, bytes, start + done, length - done, position + done));
  }
}

/** How many zero bytes begin at `from`. */
function zeroRun(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const n = Math.min(end - at, zeros.length);
    if (zeros.compare(bytes, at, at + n, 0, n) !== 0) break;
    at += n;
  }
  while (at < end && bytes[at] === 0) at++;
  return at - from;
}

/** Where the next run of zeros begins that fills a whole block of the file; `shift` turns offsets into file positions. */
function nextHole(bytes: Uint8Array, from: number, end: number, shift: number): number {
  const first = Math.ceil((from + shift) / HOLE) * HOLE - shift;
  for (let at = first; at + HOLE <= end; at += HOLE) {
    if (bytes[at] === 0 && zeros.compare(bytes, at, at + HOLE, 0, HOLE) === 0) return at;
  }
  return end;
}

function openForUpdate(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
): { fd: number; size: number } | undefined {
  const { calls } = target;
  const open = () => calls.open(parent, name, O_WRONLY | O_NONBLOCK, 0);
  let fd = open();
  if (fd === EACCES) {
    // read-only, perhaps restored by an earlier run; its metadata is applied at the end anyway
    checkResult('change mode of', shownPath(parent, name), calls.chmodAt(parent, name, 0o600));
    fd = open();
  }
  if (fd < 0) {
    if (REPLACE.includes(fd)) return undefined;
    throw systemError('open', shownPath(parent, name), fd);
  }
  const stat = statFile(target, fd);
  // other names of the same file must not change with it
  if (stat?.isFile(0) === true && stat.links(0) === 1) return { fd, size: stat.size(0) };
  calls.closeFile(fd);
  return undefined;
}

function statFile(target: FileTarget, fd: number): StatRecords | undefined {
  const words = new Int32Array(RECORD_BYTES / 4);
  return target.calls.statFile(fd, words) === 0 ? new StatRecords(words.buffer) : undefined;
}

function sized(
  target: FileTarget,
  fd: number,
  parent: DirectoryHandle,
  name: Uint8Array,
  current: number,
  options: CreateFileOptions,
): number {
  const { size } = options;
  if (current > size || (options.sparse && current !== size)) {
    const result = target.calls.truncate(fd, size);
    if (result < 0) {
      target.calls.closeFile(fd);
      throw systemError('truncate', shownPath(parent, name), result);
    }
  } else if (!options.sparse && size >= PREALLOCATE_FROM && current < size) {
    const result = target.calls.allocate(fd, size);
    if (result === ENOSPC) {
      target.calls.closeFile(fd);
      throw systemError('allocate space for', shownPath(parent, name), result);
    }
  }
  return fd;
}
