/**
 * Files and folders of this machine as a tar archive: what a selection takes, in the layout of snapshots, with owners,
 * times to the nanosecond, attributes and ACLs. Whatever happens to a file meanwhile, the archive stays a whole one.
 */
import { isUtf8 } from 'node:buffer';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError, showPath } from '../../kernel/native/system-error.ts';
import { Listing, listDirectory, statPath } from '../files/listing.ts';
import { type FileMetadata, type MetadataOptions, metadataOf, readMetadata } from '../files/metadata.ts';
import { absolutePath, directoryName, joinPath, rawPath } from '../files/path.ts';
import { changedWhileOpen, closeFile, openFile, readFile } from '../files/read-file.ts';
import { createSelection, type Selection, type SelectionOptions } from '../files/selection.ts';
import { buildTargetTree, type TargetNode } from '../files/target-tree.ts';
import { attributeRecords } from './attributes.ts';
import { numbersOfDevice } from './device-number.ts';
import { together } from './together.ts';
import { encodeTarHeader, paddingOf, tarBlock, type TarType } from './header.ts';

export interface TreeArchiveOptions {
  /** raw paths that exist, absolute or relative to the working directory */
  readonly paths: readonly Uint8Array[];
  readonly selection: SelectionOptions;
  /** Something is not as it should be; `lost` when it is missing in the archive, or not whole there. */
  problem(path: Uint8Array, message: string, lost: boolean): void;
  warn(message: string): void;
}

/** What went into it, once all of it was read. */
export interface TreeTally {
  files: number;
  directories: number;
  /** links, and what is neither file nor directory */
  others: number;
  /** of the files' content */
  bytes: number;
  /** entries that are missing, or not whole */
  lost: number;
}

const readDescriptor = promisify(read);

/** read at once; what is smaller is read without waiting */
const readSize = 1024 * 1024;
const smallFile = 64 * 1024;

/** The archive; a piece stays as it is. Counts into `tally`. Codes `usage`, `not-found`, `failed` when it would be empty. */
export async function* tarOfTree(
  options: TreeArchiveOptions,
  tally: TreeTally,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const root = buildTargetTree(options.paths);
  const selection = createSelection(options.selection, (message) => options.warn(message));
  yield* together(entriesOf(createContext(options, selection, tally, signal), root, new Uint8Array(0)));
  if (tally.files + tally.directories + tally.others === 0) {
    throw new HoldfastError('failed', 'the archive would be empty', {
      hint: 'look at the paths and the excludes',
    });
  }
  yield new Uint8Array(2 * tarBlock);
}

interface TreeContext {
  readonly workingDirectory: Uint8Array;
  readonly selection: Selection;
  readonly tally: TreeTally;
  readonly signal: AbortSignal;
  readonly metadata: MetadataOptions;
  /** names in the archive of files that have further names, by device and inode */
  readonly links: Map<string, { readonly name: Uint8Array; left: number }>;
  lost(path: Uint8Array, error: unknown): void;
  doubtful(path: Uint8Array, message: string): void;
  warn(message: string): void;
}

function createContext(
  { problem, warn }: TreeArchiveOptions,
  selection: Selection,
  tally: TreeTally,
  signal: AbortSignal,
): TreeContext {
  const lost = (path: Uint8Array, error: unknown): void => {
    tally.lost++;
    problem(path, messageOf(error), true);
  };
  return {
    ...{ selection, tally, signal, warn, lost },
    workingDirectory: rawPath(process.cwd()),
    doubtful: (path, message) => problem(path, message, false),
    links: new Map(),
    metadata: {
      toMode: (stMode) => stMode & 0o7777,
      offsetOf: () => 0,
      withAtime: false,
      lenientAttributes: true,
      problem: lost,
    },
  };
}

/** What the layout has below a node, named below `name`. */
async function* entriesOf(
  context: TreeContext,
  node: TargetNode,
  name: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  const { workingDirectory, selection, metadata, lost } = context;
  for (const child of node.children) {
    const childName = below(name, child.name);
    const path = absolutePath(child.path ?? child.metadataPath!, workingDirectory);
    try {
      const listing = statPath(path, { follow: child.path === undefined });
      if (child.path === undefined) {
        // a directory that only leads there
        yield* directory(context, readMetadata(listing, 0, path, metadata), childName);
        yield* entriesOf(context, child, childName);
      } else if (child.explicit || selection.below(directoryName(path)).includes(listing, 0, child.name)) {
        yield* entry(context, listing, 0, path, childName);
      }
    } catch (error) {
      if (!isOfFile(error)) throw error;
      lost(path, error);
    }
  }
}

async function* entry(
  context: TreeContext,
  listing: Listing,
  i: number,
  path: Uint8Array,
  name: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  throwIfAborted(context.signal);
  if (listing.error(i) === 0 && listing.isFile(i)) return yield* file(context, path, name);
  const made = readMetadata(listing, i, path, context.metadata);
  const { type } = made;
  if (type === 'dir') {
    yield* directory(context, made, name);
    yield* content(context, path, name);
  } else if (type === 'socket' || type === 'irregular' || type === 'file') {
    context.warn(
      `${showPath(path)} is a ${type === 'socket' ? 'socket' : 'thing'}, which no tar archive can hold`,
    );
  } else {
    yield header(made, type, name, 0, type === 'symlink' ? made.linktarget! : none);
    context.tally.others++;
  }
}

async function* directory(
  context: TreeContext,
  made: FileMetadata,
  name: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  if (made.type !== 'dir') throw new HoldfastError('failed', `${showPath(name)} is not a directory`);
  yield header(made, 'dir', joinPath(name, none), 0, none);
  context.tally.directories++;
}

async function* content(
  context: TreeContext,
  path: Uint8Array,
  name: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  let listing: Listing;
  try {
    listing = new Listing(listDirectory(path));
  } catch (error) {
    return context.lost(path, error);
  }
  const selected = context.selection.below(path);
  for (let i = 0; i < listing.count; i++) {
    const own = listing.name(i);
    if (!selected.includes(listing, i, own)) continue;
    const childPath = joinPath(path, own);
    try {
      yield* entry(context, listing, i, childPath, below(name, own));
    } catch (error) {
      if (!isOfFile(error)) throw error;
      context.lost(childPath, error);
    }
  }
}

async function* file(
  context: TreeContext,
  path: Uint8Array,
  name: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  const { tally, metadata, signal } = context;
  const opened = openFile(path);
  try {
    const made = metadataOf(opened.stat, 0, name, path, metadata);
    const first = otherName(context, made, name);
    if (first) {
      yield header(made, 'link', name, 0, first);
      tally.others++;
      return;
    }
    const { size } = made;
    yield header(made, 'file', name, size, none);
    let at = 0;
    try {
      while (at < size) {
        throwIfAborted(signal);
        const piece = await readPiece(opened.fd, path, Math.min(readSize, size - at), at);
        if (piece.length === 0) break;
        yield piece;
        at += piece.length;
      }
      if (at < size)
        context.lost(path, `the file became shorter while it was read: ${size - at} bytes are zeros`);
      else if (changedWhileOpen(opened, path)) {
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
  } finally {
    closeFile(opened.fd);
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

const none = new Uint8Array(0);

function header(
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

function below(name: Uint8Array, child: Uint8Array): Uint8Array {
  return name.length === 0 ? child.slice() : joinPath(name, child);
}

/** What the file system says of one file, and not of the whole backup. */
function isOfFile(error: unknown): boolean {
  return error instanceof HoldfastError && error.code !== 'interrupted' && error.code !== 'usage';
}
