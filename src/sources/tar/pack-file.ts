/** One file as an entry of a tar archive: whatever happens to it meanwhile, the entry is as long as its header says. */
import { isUtf8 } from 'node:buffer';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { type FileMetadata, metadataOf } from '../files/metadata.ts';
import { changedWhileOpen, closeFile, type OpenFile, openFile, readFile } from '../files/read-file.ts';
import type { ConsistentCopy } from '../sqlite/consistent-copy.ts';
import { attributeRecords } from './attributes.ts';
import { numbersOfDevice } from './device-number.ts';
import { encodeTarHeader, paddingOf, type TarType } from './header.ts';
import { isOfFile, type TreeContext } from './tree-context.ts';

const readDescriptor = promisify(read);

/** read at once; what is smaller is read without waiting */
const readSize = 1024 * 1024;
const smallFile = 64 * 1024;

/** Throws what says that it cannot be opened; what comes later is told. */
export async function* packFile(
  context: TreeContext,
  path: Uint8Array,
  name: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  const { tally, metadata } = context;
  const opened = openFile(path);
  try {
    const made = metadataOf(opened.stat, 0, name, path, metadata);
    const first = otherName(context, made, name);
    if (first) {
      yield packHeader(made, 'link', name, 0, first);
      tally.others++;
      return;
    }
    await using copy = await copyOf(context, opened.fd, path);
    const read = copy ? openFile(Buffer.from(copy.path)) : opened;
    try {
      yield* bytesOf(context, { ...made, size: read.stat.size(0) }, read, path, name);
    } finally {
      if (copy) closeFile(read.fd);
    }
  } finally {
    closeFile(opened.fd);
  }
}

/** Header and content; `read` is the file itself, or a copy of it. */
async function* bytesOf(
  context: TreeContext,
  made: FileMetadata,
  read: OpenFile,
  path: Uint8Array,
  name: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  const { tally, signal } = context;
  const { size } = made;
  yield packHeader(made, 'file', name, size, noLink);
  let at = 0;
  try {
    while (at < size) {
      throwIfAborted(signal);
      const piece = await readPiece(read.fd, path, Math.min(readSize, size - at), at);
      if (piece.length === 0) break;
      yield piece;
      at += piece.length;
    }
    if (at < size)
      context.lost(path, `the file became shorter while it was read: ${size - at} bytes are zeros`);
    else if (changedWhileOpen(read, path)) {
      context.doubtful(path, 'the file changed while it was read; what is stored may mix old and new');
    }
  } catch (error) {
    if (!isOfFile(error)) throw error;
    context.lost(path, error);
  }
  // the header has promised so many
  for (let left = size - at; left > 0; left -= readSize) yield new Uint8Array(Math.min(left, readSize));
  yield new Uint8Array(paddingOf(size));
  tally.files++;
  tally.bytes += size;
}

/** A database in one state; undefined for any other file, and for one that cannot be copied, which is told. */
async function copyOf(
  { sqlite, lost }: TreeContext,
  fd: number,
  path: Uint8Array,
): Promise<ConsistentCopy | undefined> {
  try {
    return await sqlite?.copyOf(fd, path);
  } catch (error) {
    if (!isOfFile(error)) throw error;
    lost(path, error);
    return undefined;
  }
}

/** The name under which the file is in the archive already. */
function otherName({ links }: TreeContext, made: FileMetadata, name: Uint8Array): Uint8Array | undefined {
  if (made.links <= 1) return undefined;
  const key = `${made.deviceId} ${made.inode}`;
  const first = links.get(key);
  if (!first) links.set(key, { name, left: made.links - 1 });
  else if (--first.left === 0) links.delete(key);
  return first?.name;
}

async function readPiece(
  fd: number,
  path: Uint8Array,
  length: number,
  position: number,
): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  if (length <= smallFile) return bytes.subarray(0, readFile(fd, path, bytes, 0, length, position));
  const { bytesRead } = await readDescriptor(fd, bytes, 0, length, position).catch((error: unknown) => {
    throw fromNodeError('read', path, error);
  });
  return bytes.subarray(0, bytesRead);
}

export const noLink = new Uint8Array(0);

/** The blocks before the content of an entry. */
export function packHeader(
  made: FileMetadata,
  type: TarType,
  name: Uint8Array,
  size: number,
  linkname: Uint8Array,
): Uint8Array {
  const { mode, uid, gid, user, group, mtime, device, xattrs } = made;
  // those of the file came with its first name
  const records = type === 'link' ? new Map<string, Uint8Array>() : attributeRecords(xattrs);
  // without this word some programs take no name that is not text
  if (!isUtf8(name) || !isUtf8(linkname)) records.set('hdrcharset', Buffer.from('BINARY'));
  return encodeTarHeader({
    ...{ type, name, linkname, mode, uid, gid, size },
    uname: user,
    gname: group,
    mtime: mtime.sec,
    mtimeNsec: mtime.nsec,
    ...((type === 'dev' || type === 'chardev') && { device: numbersOfDevice(device) }),
    records,
  });
}
