/**
 * A directory read whole, in a form that crosses threads and stays small: one buffer of stat records, one of names.
 * Everything here is synchronous, for worker threads: promises cost more than the calls themselves.
 */
import { constants, fstatSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { asBuffer, cString } from '../../kernel/native/c-string.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  type Libc,
  O_CLOEXEC,
  STATX_BASIC,
  libc,
} from '../../kernel/native/libc.ts';
import {
  RECORD_BYTES,
  StatRecords,
  recordFromNode,
  recordFromStatx,
  setRecordName,
} from '../../kernel/native/stat-record.ts';
import { calling, checkResult, systemError } from '../../kernel/native/system-error.ts';
import { baseName, joinPath } from './path.ts';
import { sortedNames } from './sorted-names.ts';

/** What a listing is made of: plain data that can be posted or transferred to another thread. */
export interface ListingData {
  /** `count` records of RECORD_BYTES, ascending by the raw bytes of the name */
  readonly records: ArrayBuffer;
  /** the names, each followed by a zero byte; records say where */
  readonly names: Uint8Array<ArrayBuffer>;
}

/** Reads a listing; nothing is decoded before it is asked for. */
export class Listing extends StatRecords {
  readonly data: ListingData;

  constructor(data: ListingData) {
    super(data.records);
    this.data = data;
  }

  /** the raw bytes of the name, a view */
  name(i: number): Uint8Array {
    const start = this.nameOffset(i);
    return this.data.names.subarray(start, start + this.nameLength(i));
  }
}

const ENOENT = 2;
const dents = Buffer.alloc(1 << 16);
const statBuffer = Buffer.alloc(256);
const statWords = new Int32Array(statBuffer.buffer, statBuffer.byteOffset, 64);

/**
 * Lists a directory: names ascending by raw bytes, `.` and `..` left out, each with its lstat. Entries that vanish
 * meanwhile are left out; where stat fails for another reason, `error(i)` says why.
 * @param path raw bytes, absolute or relative to the working directory; a symlink is refused
 * @throws HoldfastError `not-found`, `forbidden`, `failed`
 */
export function listDirectory(path: Uint8Array, native: Libc | null = libc): ListingData {
  return native ? listNatively(path, native) : listWithNode(path);
}

/**
 * One path as a listing of one entry, named by the path's last component.
 * @throws HoldfastError `not-found`, `forbidden`, `failed`
 */
export function statPath(
  path: Uint8Array,
  options: { follow?: boolean } = {},
  native: Libc | null = libc,
): Listing {
  const name = baseName(path);
  const names = new Uint8Array(name.length + 1);
  names.set(name);
  const words = new Int32Array(RECORD_BYTES / 4);
  if (native) {
    const flags = options.follow === true ? 0 : AT_SYMLINK_NOFOLLOW;
    checkResult('lstat', path, native.statxPath(AT_FDCWD, cString(path), flags, STATX_BASIC, statBuffer));
    recordFromStatx(words, 0, statWords);
  } else {
    const stat = options.follow === true ? statSync : lstatSync;
    recordFromNode(
      words,
      0,
      calling('lstat', path, () => stat(asBuffer(path), { bigint: true })),
    );
  }
  setRecordName(words, 0, 0, name.length, 0);
  return new Listing({ records: words.buffer, names });
}

/** An open file's stat, as a listing of one entry without a name. */
export function statOpenFile(fd: number): StatRecords {
  const words = new Int32Array(RECORD_BYTES / 4);
  recordFromNode(words, 0, fstatSync(fd, { bigint: true }));
  return new StatRecords(words.buffer);
}

function openDirectory(path: Uint8Array, native: Libc): number {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | O_CLOEXEC;
  const fd = native.openAt(AT_FDCWD, cString(path), flags | constants.O_NOATIME, 0);
  // only the owner may ask that the access time stays
  if (fd !== -1) return checkResult('open', path, fd);
  return checkResult('open', path, native.openAt(AT_FDCWD, cString(path), flags, 0));
}

function listNatively(path: Uint8Array, native: Libc): ListingData {
  const fd = openDirectory(path, native);
  try {
    const names = sortedNames();
    for (;;) {
      const length = checkResult('read', path, native.getDents(fd, native.address(dents), dents.length));
      if (length === 0) break;
      for (let p = 0; p < length; p += dents[p + 16]! | (dents[p + 17]! << 8))
        names.addTerminated(dents, p + 19);
    }
    const { bytes, offsets, ranks, count } = names.finish();
    const words = new Int32Array(count * (RECORD_BYTES / 4));
    const base = count > 0 ? native.address(bytes) : 0;
    const out = native.address(statBuffer);
    let vanished = 0;
    for (let k = 0; k < ranks.length; k++) {
      const rank = ranks[k]!;
      if (rank < 0) continue;
      const offset = offsets[k]!;
      const result = native.statx(fd, base + offset, AT_SYMLINK_NOFOLLOW, STATX_BASIC, out);
      if (result === 0) recordFromStatx(words, rank, statWords);
      else if (result === -ENOENT) vanished++;
      setRecordName(words, rank, offset, offsets[k + 1]! - offset - 1, -result);
    }
    return { records: withoutVanished(words, vanished), names: bytes };
  } finally {
    native.close(fd);
  }
}

function listWithNode(path: Uint8Array): ListingData {
  const entries = calling('open', path, () => {
    const self = lstatSync(asBuffer(path));
    // readdir would follow it out of the tree that was asked for
    if (self.isSymbolicLink()) throw systemError('open', path, 20);
    return readdirSync(asBuffer(path), { encoding: 'buffer' });
  });
  const names = sortedNames();
  for (const entry of entries) names.add(entry);
  const { bytes, offsets, ranks, count } = names.finish();
  const words = new Int32Array(count * (RECORD_BYTES / 4));
  let vanished = 0;
  for (let k = 0; k < ranks.length; k++) {
    const rank = ranks[k]!;
    if (rank < 0) continue;
    let errno = 0;
    try {
      recordFromNode(words, rank, lstatSync(asBuffer(joinPath(path, entries[k]!)), { bigint: true }));
    } catch (error) {
      errno = -((error as NodeJS.ErrnoException).errno ?? -5);
      if (errno === ENOENT) vanished++;
    }
    setRecordName(words, rank, offsets[k]!, offsets[k + 1]! - offsets[k]! - 1, errno);
  }
  return { records: withoutVanished(words, vanished), names: bytes };
}

function withoutVanished(words: Int32Array<ArrayBuffer>, vanished: number): ArrayBuffer {
  if (vanished === 0) return words.buffer;
  const records = new StatRecords(words.buffer);
  const width = RECORD_BYTES / 4;
  let kept = 0;
  for (let i = 0; i < records.count; i++) {
    if (records.error(i) !== ENOENT) words.copyWithin(kept++ * width, i * width, (i + 1) * width);
  }
  return words.buffer.slice(0, kept * RECORD_BYTES);
}
