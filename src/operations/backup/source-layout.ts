/** Stores what a source yields as streams, with the directories that its paths need. */
import { ByteWriter, compareBytes } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import { pathComponents } from '../../sources/files/path.ts';
import type { Entry } from '../../sources/entry.ts';
import type { BegunSource } from './begun-source.ts';
import { goMode } from '../../vaults/repository/format/go-mode.ts';
import type { Node, Time } from '../../vaults/repository/format/node.ts';
import { type Owner, plainNode } from '../../vaults/repository/format/plain-node.ts';
import { timeFromMs } from '../../vaults/repository/format/time.ts';
import { encodeNode } from '../../vaults/repository/format/tree.ts';
import { sameNode } from '../node-equality.ts';
import {
  cutIntoPieces,
  folderOfPieces,
  namesOfPiece,
  pieceFile,
  piecesFolder,
  type TablePiece,
} from '../table-pieces.ts';
import type { Leader, StoredTree } from './leader.ts';
import type { CounterName, EncodedNodes } from './protocol.ts';

interface Directory {
  /** undefined for that of the backup */
  readonly time: Time | undefined;
  readonly directories: Map<string, Directory>;
  readonly files: Map<string, Node>;
}

/** What shall be the same from night to night when its content is. */
const noTime: Time = { sec: 0, nsec: 0, offset: 0 };

/** Large tables have hundreds, and each goes to a worker and comes back. */
const directoriesAtOnce = 8;

/** The nodes of a directory of the snapshot before, by the bytes of their names (latin1). */
type PreviousNodes = ReadonlyMap<string, Node>;

/** Where the trees of the snapshot before are read. */
export interface PreviousTrees {
  /** its root */
  readonly root: Uint8Array;
  read(tree: Uint8Array): Promise<readonly Node[]>;
}

/**
 * Stores every entry of the source in its order; the id of the snapshot's tree.
 * @param previous of the snapshot before: what is in it with the same content keeps the time that it has there, so that
 * the tree of an unchanged source is the same
 */
export async function storeSource(
  leader: Leader,
  source: BegunSource['source'],
  owner: Owner,
  timeMs: number,
  count: (name: CounterName, by: number) => void,
  previous?: PreviousTrees,
): Promise<StoredTree> {
  const root: Directory = newDirectory(undefined);
  /** entries whose last blocks are still with the workers */
  const placed: Promise<void>[] = [];
  const reading = new Set<Promise<void>>();
  for await (const entry of source.entries()) {
    const { content } = entry;
    if (content.kind === 'file') throw new HoldfastError('failed', `${source.name} does not yield a stream`);
    const bytes = counted(content.bytes, count);
    if (content.kind === 'stream') {
      const stored = await leader.storeStream(bytes);
      place(root, entry.path, fileNode(entry, stored, owner));
      count('bytesProcessed', stored.size);
    } else {
      const storing = storeRows(entry, content, bytes).finally(() => reading.delete(storing));
      // awaited below; until then a failure must not count as unhandled
      storing.catch(() => {});
      reading.add(storing);
      placed.push(storing);
      while (reading.size >= (source.concurrency ?? 1)) await Promise.race(reading);
    }
    count('filesNew', 1);
  }
  await Promise.all(reading);
  // also those that failed while another entry was waited for
  await Promise.all(placed);
  const before = previous && (await nodesOf(previous, previous.root));
  return storeDirectory(leader, root, owner, timeFromMs(timeMs), count, previous, before);

  async function storeRows(
    entry: Entry,
    content: RowsContent,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { tally, content: ids, sizes } = await leader.storeRecords(bytes, content.blockSize);
    content.done?.(tally);
    const { inPieces } = content;
    const placing = ids.then((content) => {
      const pieces = inPieces ? cutIntoPieces(content, sizes) : [];
      if (pieces.length > 1) placePieces(root, entry, pieces, owner);
      else place(root, entry.path, fileNode(entry, { content, size: tally.bytes }, owner));
    });
    // awaited above; until then a failure must not count as unhandled
    placing.catch(() => {});
    placed.push(placing);
    count('bytesProcessed', tally.bytes);
  }
}

type RowsContent = Extract<Entry['content'], { kind: 'rows' }>;

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  count: (name: CounterName, by: number) => void,
): AsyncIterable<Uint8Array> {
  for await (const piece of bytes) {
    yield piece;
    count('bytesSeen', piece.length);
  }
}

/** Pieces, and a link to each, see table-pieces.ts. */
function placePieces(root: Directory, entry: Entry, pieces: readonly TablePiece[], owner: Owner): void {
  const name = Buffer.from(pathComponents(entry.path).at(-1)!).toString();
  const folder = entry.path.subarray(0, entry.path.length - Buffer.byteLength(name));
  const below = (path: string): Uint8Array => Buffer.concat([folder, Buffer.from(path)]);
  for (const [i, piece] of pieces.entries()) {
    const names = namesOfPiece(name, i);
    const target = `${piecesFolder}/${folderOfPieces(name)}/${names.folder}/${pieceFile}`;
    const link: Node = {
      ...plainNode(Buffer.from(names.link), 'symlink', (goMode.symlink | 0o777) >>> 0, noTime, owner),
      linktarget: Buffer.from(target),
    };
    place(root, below(names.link), link);
    const file = { ...plainNode(Buffer.from(pieceFile), 'file', entry.permissions, noTime, owner), ...piece };
    place(root, below(target), file, noTime);
  }
}

/** @param time of folders that are new on the way */
function place(root: Directory, path: Uint8Array, node: Node, time?: Time): void {
  const parts = pathComponents(path).map((part) => Buffer.from(part).toString('latin1'));
  let at = root;
  for (const part of parts.slice(0, -1)) {
    const next = at.directories.get(part) ?? newDirectory(time);
    at.directories.set(part, next);
    at = next;
  }
  at.files.set(parts.at(-1)!, node);
}

function newDirectory(time: Time | undefined): Directory {
  return { time, directories: new Map(), files: new Map() };
}

function fileNode(entry: Entry, stored: { content: Uint8Array; size: number }, owner: Owner): Node {
  const modified = timeFromMs(entry.modified.getTime());
  const name = pathComponents(entry.path).at(-1)!;
  return {
    ...plainNode(name, 'file', entry.permissions, modified, owner),
    size: stored.size,
    content: stored.content,
  };
}

async function storeDirectory(
  leader: Leader,
  directory: Directory,
  owner: Owner,
  time: Time,
  count: (name: CounterName, by: number) => void,
  previous?: PreviousTrees,
  before?: PreviousNodes,
): Promise<StoredTree> {
  const nodes = Array.from(directory.files, ([name, node]) => timedAs(before?.get(name), node));
  const children = mapParallel(directory.directories, directoriesAtOnce, async ([name, child]) => {
    const known = child.time ? undefined : before?.get(name)?.subtree;
    const below = previous && known && (await nodesOf(previous, known));
    const tree = await storeDirectory(leader, child, owner, time, count, previous, below);
    const mode = (goMode.dir | 0o755) >>> 0;
    const changed = child.time ?? time;
    const node = { ...plainNode(Buffer.from(name, 'latin1'), 'dir', mode, changed, owner), subtree: tree.id };
    return child.time ? node : timedAs(before?.get(name), node);
  });
  for await (const node of children) {
    nodes.push(node);
    count('dirsNew', 1);
  }
  nodes.sort((a, b) => compareBytes(a.name, b.name));
  const encoded = nodes.map((node) => {
    const writer = new ByteWriter();
    encodeNode(writer, node);
    return writer.view().slice() as EncodedNodes;
  });
  return leader.storeTree(encoded);
}

async function nodesOf(previous: PreviousTrees, tree: Uint8Array): Promise<PreviousNodes> {
  const nodes = await previous.read(tree);
  return new Map(nodes.map((node) => [Buffer.from(node.name).toString('latin1'), node]));
}

/** The node with the times of one that is the same in all else. */
function timedAs(before: Node | undefined, node: Node): Node {
  if (!before) return node;
  const { mtime, atime, ctime } = before;
  const timed = { ...node, mtime, atime, ctime };
  return sameNode(timed, before) ? timed : node;
}
