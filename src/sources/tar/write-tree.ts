/**
 * Files and folders of this machine as a tar archive: what a selection takes, in the layout of snapshots, with owners,
 * times to the nanosecond, attributes and ACLs. Whatever happens to a file meanwhile, the archive stays a whole one.
 */
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { showPath } from '../../kernel/native/system-error.ts';
import { Listing, listDirectory, statPath } from '../files/listing.ts';
import { type FileMetadata, readMetadata } from '../files/metadata.ts';
import { absolutePath, directoryName, joinPath } from '../files/path.ts';
import { createSelection } from '../files/selection.ts';
import { buildTargetTree, type TargetNode } from '../files/target-tree.ts';
import { tarBlock } from './header.ts';
import { noLink, packFile, packHeader } from './pack-file.ts';
import { together } from './together.ts';
import {
  createContext,
  isOfFile,
  type TreeArchiveOptions,
  type TreeContext,
  type TreeTally,
} from './tree-context.ts';

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
  if (listing.error(i) === 0 && listing.isFile(i)) {
    // its database has it in its copy
    if (context.sqlite?.isCompanion(path)) return;
    return yield* packFile(context, path, name);
  }
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
    yield packHeader(made, type, name, 0, type === 'symlink' ? made.linktarget! : noLink);
    context.tally.others++;
  }
}

async function* directory(
  context: TreeContext,
  made: FileMetadata,
  name: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  if (made.type !== 'dir') throw new HoldfastError('failed', `${showPath(name)} is not a directory`);
  yield packHeader(made, 'dir', joinPath(name, noLink), 0, noLink);
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

function below(name: Uint8Array, child: Uint8Array): Uint8Array {
  return name.length === 0 ? child.slice() : joinPath(name, child);
}
