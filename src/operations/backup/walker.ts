/**
 * One worker's walk: depth first through the directories of a range, storing files as it meets them and trees on the
 * way back. When another worker is idle it gives away a run of entries that it has not reached, and goes on behind it.
 */
import { ByteWriter } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { Listing } from '../../sources/files/listing.ts';
import { sliceListing } from '../../sources/files/listing-slice.ts';
import { joinPath } from '../../sources/files/path.ts';
import type { DirectorySelection, Selection } from '../../sources/files/selection.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { encodeNode } from '../../vaults/repository/format/tree.ts';
import type { EntryStore, OpenedDirectory } from './entry-store.ts';
import { createNodeSequence, type NodeSequence } from './node-sequence.ts';
import type { PreviousTree } from './previous-tree.ts';
import { type Ahead, type EncodedNodes, type Range, signal } from './protocol.ts';

/** Most entries that are given away at once: their nodes wait in memory until those before them are there. */
const largestGift = 4096;
/** A last entry is given away when it is a directory, or a file that takes a while. */
const worthGiving = 4 * 1024 * 1024;

export interface WalkerHost {
  /** Gives a range to whoever is idle; resolves to its nodes. */
  give(range: Range): Promise<EncodedNodes>;
  /** The tree of that id in the parent snapshot. */
  openPrevious(id: Uint8Array | undefined): PreviousTree;
  /** Something to wait for when too much is on its way to the storage. */
  pause(): Promise<void> | undefined;
  /** Ends the walk of all workers. */
  fail(error: unknown): void;
  /** Int32, see `signal` */
  readonly signals: Int32Array;
}

/** A directory, or a part of one, whose entries are being visited. */
interface Frame {
  readonly path: Uint8Array;
  readonly snapshotPath: Uint8Array;
  readonly listing: Listing;
  readonly entryPath: Uint8Array | undefined;
  readonly ahead: Map<number, Ahead> | undefined;
  readonly explicit: boolean;
  /** which entries go into the backup; undefined: all */
  readonly selected: DirectorySelection | undefined;
  readonly previousId: Uint8Array | undefined;
  readonly previous: PreviousTree;
  readonly sequence: NodeSequence;
  /** the entry that is visited next */
  next: number;
  /** all entries are visited or given away */
  closed: boolean;
  /** fills the place that was kept for this directory in its parent, when what follows it was given away */
  place: ((nodes: Uint8Array) => void) | undefined;
  /** called once, when all nodes are known */
  finish: () => void;
}

export interface Walker {
  /** Visits a range; `done` gets its nodes, possibly long after the promise, when parts of it were given away. */
  walk(range: Range, done: (nodes: EncodedNodes) => void): Promise<void>;
}

export function createWalker(host: WalkerHost, store: EntryStore, selection: Selection): Walker {
  const scratch = new ByteWriter(1024);
  /** what is known of the directory that a frame visits; not for a part of one */
  const directories = new WeakMap<Frame, OpenedDirectory>();

  function createFrame(
    parts: Omit<Frame, 'sequence' | 'next' | 'closed' | 'place' | 'finish' | 'previous' | 'selected'>,
  ): Frame {
    const frame: Frame = {
      ...parts,
      selected: parts.explicit || selection.everything ? undefined : selection.below(parts.path),
      previous: host.openPrevious(parts.previousId),
      sequence: createNodeSequence(store.compresses, () => {
        if (frame.closed) finish(frame);
      }),
      next: 0,
      closed: false,
      place: undefined,
      finish: () => {},
    };
    return frame;
  }

  /** Also called from the answers of other workers, where nobody waits for an error. */
  function finish(frame: Frame): void {
    try {
      frame.finish();
    } catch (error) {
      host.fail(error);
    }
  }

  function emit(frame: Frame, node: Node): void {
    frame.sequence.begin();
    encodeNode(frame.sequence.writer, node);
  }

  /** The node of a directory goes into its parent, now or when the last of its parts has come back. */
  function close(frame: Frame, parent: Frame | undefined, directory: OpenedDirectory | undefined): void {
    frame.closed = true;
    if (!parent || !directory) {
      if (frame.sequence.pending === 0) frame.finish();
      return;
    }
    if (frame.sequence.pending === 0 && !frame.place) {
      emit(parent, store.finishDirectory(directory, frame.sequence));
      return;
    }
    const fill = frame.place ?? parent.sequence.leaveHole();
    frame.finish = () => {
      scratch.length = 0;
      encodeNode(scratch, store.finishDirectory(directory, frame.sequence));
      fill(scratch.view().slice());
    };
    if (frame.sequence.pending === 0) frame.finish();
  }

  function visit(frame: Frame, i: number): Promise<Frame | undefined> | Frame | undefined {
    const name = frame.listing.name(i);
    const path = frame.entryPath ?? joinPath(frame.path, name);
    if (frame.selected?.includes(frame.listing, i, name) === false) return undefined;
    const previous = frame.previous.find(name);
    if (previous instanceof Promise) return previous.then((node) => visitEntry(frame, i, path, node));
    return visitEntry(frame, i, path, previous);
  }

  /** Stores an entry; for a directory, the frame that goes on with its content. */
  function visitEntry(
    frame: Frame,
    i: number,
    path: Uint8Array,
    previous: Node | undefined,
  ): Promise<Frame | undefined> | Frame | undefined {
    const { listing } = frame;
    const snapshotPath = joinPath(frame.snapshotPath, listing.name(i));
    if (listing.error(i) === 0 && listing.isDirectory(i)) {
      const opened = store.openDirectory(path, snapshotPath, listing, i, previous, frame.ahead?.get(i));
      if (!opened) return undefined;
      const child = createFrame({
        path,
        snapshotPath,
        listing: opened.listing,
        entryPath: undefined,
        ahead: opened.ahead,
        explicit: false,
        previousId: previous?.type === 'dir' ? previous.subtree : undefined,
      });
      directories.set(child, opened);
      return child;
    }
    const stored = store.storeEntry(path, snapshotPath, listing, i, previous);
    if (!(stored instanceof Promise)) {
      if (stored) emit(frame, stored);
      return undefined;
    }
    return stored.then((node) => {
      if (node) emit(frame, node);
      return undefined;
    });
  }

  /** Gives a run of unvisited entries, as near to the root as there are any, to a worker that waits. */
  function share(stack: readonly Frame[]): void {
    for (const [depth, frame] of stack.entries()) {
      const left = frame.listing.count - frame.next;
      if (left === 0 || (left === 1 && !isWorthGiving(frame))) continue;
      const waiting = Atomics.load(host.signals, signal.hungry);
      if (waiting <= 0) return;
      if (Atomics.compareExchange(host.signals, signal.hungry, waiting, waiting - 1) !== waiting) return;
      const count = Math.min(Math.ceil(left / 2), largestGift);
      const from = frame.next;
      frame.next += count;
      // The directory that is being visited comes before what is given away.
      const child = stack[depth + 1];
      if (child) child.place ??= frame.sequence.leaveHole();
      const fill = frame.sequence.leaveHole();
      const range: Range = {
        path: frame.path,
        snapshotPath: frame.snapshotPath,
        listing: sliceListing(frame.listing.data, from, from + count),
        entryPath: frame.entryPath,
        ahead: aheadOf(frame, from, count),
        explicit: frame.explicit,
        previous: frame.previousId,
      };
      host.give(range).then(fill, (error: unknown) => host.fail(error));
      return;
    }
  }

  return {
    async walk(range, done) {
      const root = createFrame({
        path: range.path,
        snapshotPath: range.snapshotPath,
        listing: new Listing(range.listing),
        entryPath: range.entryPath,
        ahead: range.ahead,
        explicit: range.explicit,
        previousId: range.previous,
      });
      root.finish = () => done(root.sequence.takeNodes());
      const stack: Frame[] = [root];
      while (stack.length > 0) {
        const frame = stack[stack.length - 1]!;
        if (frame.next >= frame.listing.count) {
          stack.pop();
          close(frame, stack[stack.length - 1], directories.get(frame));
          continue;
        }
        if (Atomics.load(host.signals, signal.hungry) > 0) share(stack);
        if (Atomics.load(host.signals, signal.stop) !== 0)
          throw new HoldfastError('interrupted', 'interrupted');
        if (frame.next >= frame.listing.count) continue;
        const result = visit(frame, frame.next++);
        const child = result instanceof Promise ? await result : result;
        if (child) stack.push(child);
        const waiting = host.pause();
        if (waiting) await waiting;
      }
    },
  };
}

function isWorthGiving(frame: Frame): boolean {
  const i = frame.next;
  return frame.listing.isDirectory(i) || frame.listing.size(i) >= worthGiving;
}

function aheadOf(frame: Frame, from: number, count: number): Map<number, Ahead> | undefined {
  if (!frame.ahead) return undefined;
  const given = new Map<number, Ahead>();
  for (let i = from; i < from + count; i++) {
    const ahead = frame.ahead.get(i);
    if (ahead) given.set(i - from, ahead);
  }
  return given;
}
