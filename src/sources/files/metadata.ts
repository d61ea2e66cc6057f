/** From a listing's record to everything a snapshot keeps of an entry besides its content. */
import { readlinkSync } from 'node:fs';
import { type Accounts, createAccounts } from '../../kernel/native/accounts.ts';
import { asBuffer, cString } from '../../kernel/native/c-string.ts';
import { AT_FDCWD, type Libc, libc } from '../../kernel/native/libc.ts';
import {
  FORMAT_BLOCK,
  FORMAT_CHARACTER,
  FORMAT_DIRECTORY,
  FORMAT_FIFO,
  FORMAT_FILE,
  FORMAT_MASK,
  FORMAT_SOCKET,
  FORMAT_SYMLINK,
  type StatRecords,
} from '../../kernel/native/stat-record.ts';
import { calling, checkResult, systemError } from '../../kernel/native/system-error.ts';
import { getAttribute, listAttributes } from '../../kernel/native/xattr.ts';
import type { Attribute } from '../../kernel/native/xattr.ts';
import type { Listing } from './listing.ts';

export type EntryType = 'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo' | 'socket' | 'irregular';

interface LocalTime {
  readonly sec: number;
  readonly nsec: number;
  /** minutes east of UTC */
  readonly offset: number;
}

/** Field for field what the tree of a restic repository keeps, so that a writer can take the object as it is. */
export interface FileMetadata {
  /** raw bytes */
  name: Uint8Array;
  type: EntryType;
  /** as `MetadataOptions.toMode` gives it */
  mode: number;
  mtime: LocalTime;
  atime: LocalTime;
  ctime: LocalTime;
  uid: number;
  gid: number;
  user: string;
  group: string;
  inode: bigint;
  /** kept for every entry, as restic does unless it is told otherwise: equal trees must stay equal */
  deviceId: bigint;
  /** 0 for everything but files */
  size: number;
  /** 0 for directories, fifos and sockets */
  links: number;
  /** raw bytes of a symlink's target */
  linktarget: Uint8Array | undefined;
  xattrs: readonly Attribute[];
  genericAttributes: undefined;
  /** the number of a device file, otherwise 0n */
  device: bigint;
  content: Uint8Array | undefined;
  subtree: Uint8Array | undefined;
  error: string;
}

export interface MetadataOptions {
  /** st_mode to the form the vault keeps */
  toMode(stMode: number): number;
  /** minutes east of UTC at this second */
  offsetOf(sec: number): number;
  /** keep access times; otherwise the modification time stands in their place */
  readonly withAtime: boolean;
  /** above the source, a directory whose attributes may not be listed is no error */
  readonly lenientAttributes?: boolean;
  /** something could not be read; the entry is kept without it */
  problem(path: Uint8Array, error: unknown): void;
}

const accountsByNative = new Map<Libc | null, Accounts>();
const noAttributes: readonly Attribute[] = [];
const utf8 = new TextDecoder();
const linkBuffer = Buffer.alloc(4097);

export function typeOfMode(stMode: number): EntryType {
  switch (stMode & FORMAT_MASK) {
    case FORMAT_FILE:
      return 'file';
    case FORMAT_DIRECTORY:
      return 'dir';
    case FORMAT_SYMLINK:
      return 'symlink';
    case FORMAT_BLOCK:
      return 'dev';
    case FORMAT_CHARACTER:
      return 'chardev';
    case FORMAT_FIFO:
      return 'fifo';
    case FORMAT_SOCKET:
      return 'socket';
    default:
      return 'irregular';
  }
}

/**
 * The metadata of entry `i`; reads the link target and the extended attributes at `path`.
 * @param path raw bytes of where the entry lies
 * @throws HoldfastError when a link target cannot be read, or the entry's stat failed
 */
export function readMetadata(
  listing: Listing,
  i: number,
  path: Uint8Array,
  options: MetadataOptions,
  native: Libc | null = libc,
): FileMetadata {
  if (listing.error(i) !== 0) throw systemError('lstat', path, listing.error(i));
  return metadataOf(listing, i, listing.name(i).slice(), path, options, native);
}

/** The same for a record that comes without a name, such as the stat of an open file. */
export function metadataOf(
  records: StatRecords,
  i: number,
  name: Uint8Array,
  path: Uint8Array,
  options: MetadataOptions,
  native: Libc | null = libc,
): FileMetadata {
  const metadata = statMetadata(records, i, name, options, native);
  if (metadata.type === 'symlink') metadata.linktarget = readLink(path, native);
  metadata.xattrs = readAttributes(path, options, native);
  return metadata;
}

/** What the record alone tells: neither link target nor extended attributes. */
export function statMetadata(
  records: StatRecords,
  i: number,
  name: Uint8Array,
  options: MetadataOptions,
  native: Libc | null = libc,
): FileMetadata {
  const accounts = accountsOf(native);
  const stMode = records.mode(i);
  const type = typeOfMode(stMode);
  const mtime = timeOf(records.mtimeSec(i), records.mtimeNsec(i), options);
  return {
    name,
    type,
    mode: options.toMode(stMode),
    mtime,
    atime: options.withAtime ? timeOf(records.atimeSec(i), records.atimeNsec(i), options) : mtime,
    ctime: timeOf(records.ctimeSec(i), records.ctimeNsec(i), options),
    uid: records.uid(i),
    gid: records.gid(i),
    user: accounts.userName(records.uid(i)),
    group: accounts.groupName(records.gid(i)),
    inode: records.inode(i),
    deviceId: records.device(i),
    size: type === 'file' ? records.size(i) : 0,
    links: type === 'dir' || type === 'fifo' || type === 'socket' ? 0 : records.links(i),
    linktarget: undefined,
    xattrs: noAttributes,
    genericAttributes: undefined,
    device: type === 'dev' || type === 'chardev' ? records.rdev(i) : 0n,
    content: undefined,
    subtree: undefined,
    error: '',
  };
}

/** Raw target of a symlink. @throws HoldfastError */
export function readLink(path: Uint8Array, native: Libc | null = libc): Uint8Array {
  if (!native)
    return new Uint8Array(
      calling('readlink', path, () => readlinkSync(asBuffer(path), { encoding: 'buffer' })),
    );
  const n = checkResult('readlink', path, native.readLinkAt(AT_FDCWD, cString(path), linkBuffer));
  return new Uint8Array(linkBuffer.subarray(0, n));
}

function accountsOf(native: Libc | null): Accounts {
  let accounts = accountsByNative.get(native);
  if (!accounts) accountsByNative.set(native, (accounts = createAccounts(native)));
  return accounts;
}

function timeOf(sec: number, nsec: number, options: MetadataOptions): LocalTime {
  return { sec, nsec, offset: options.offsetOf(sec) };
}

function readAttributes(
  path: Uint8Array,
  options: MetadataOptions,
  native: Libc | null,
): readonly Attribute[] {
  let names: Uint8Array[];
  try {
    names = listAttributes(path, native);
  } catch (error) {
    if (options.lenientAttributes !== true) options.problem(path, error);
    return noAttributes;
  }
  if (names.length === 0) return noAttributes;
  const found: Attribute[] = [];
  for (const name of names) {
    try {
      found.push({ name: utf8.decode(name), value: getAttribute(path, name, native) });
    } catch (error) {
      options.problem(path, error);
    }
  }
  return found;
}
