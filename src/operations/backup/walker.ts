/**
 * One worker's walk: depth first through the directories of a range, storing files as it meets them and trees on the
 * way back. When another worker is idle it gives away a run of entries that it has not reached, and goes on behind it.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import { Listing } from '../../sources/files/listing.ts';
import { sliceListing } from '../../sources/files/listing-slice.ts';
import type { Selection } from '../../sources/files/selection.ts';
import type { Marks } from '../../sources/files/fingerprint.ts';
import type { EntryStore } from './entry-store.ts';
import { createFrame, type Frame, isSure, leaveHole, type Origin } from './frame.ts';
import type { PreviousTree } from './previous-tree.ts';
import { type Ahead, type Range, type RangeResult, signal } from './protocol.ts';
import type { Twin } from './twin.ts';

/** Most entries that are given away at once: their nodes wait in memory until those before them are there. */
const largestGift = 4096;
/** A last entry is given away when it is a directory, or a file that takes a while. */
const worthGiving = 4 * 1024 * 1024;

export interface WalkerHost {
  /** Gives a range to whoever is idle. */
  give(range: Range): Promise<RangeResult>;
  /** The tree of that id in the parent snapshot; rejects when it cannot be read. */
  openPrevious(id: Uint8Array): Promise<PreviousTree | Twin>;
  /** Something to wait for when too much is on its way to the storage. */
  pause(): Promise<void> | undefined;
  /** Ends the walk of all workers. */
  fail(error: unknown): void;
  /** Int32, see `signal` */
  readonly signals: Int32Array;
}

export interface Walker {
  /** Visits a range; `done` is called possibly long after the promise, when parts of it were given away. */
  walk(range: Range, done: (result: RangeResult) => void): Promise<void>;
}

export function createWalker(host: WalkerHost, store: EntryStore, selection: Selection): Walker {
  async function openFrame(origin: Origin): Promise<Frame> {
    let previous: PreviousTree | Twin | undefined;
    if (origin.previousId) {
      try {
        previous = await host.openPrevious(origin.previousId);
      } catch (error) {
        // Without it everything is read again, which is slow and right.
        store.problem(origin.path, error);
      }
    }
    const selected = origin.explicit || selection.everything ? undefined : selection.below(origin.path);
    return createFrame(origin, previous, selected, store, (frame) => {
      try {
        frame.finish();
      } catch (error) {
        host.fail(error);
      }
    });
  }

  /** The node of a directory goes into its parent, now or when the last of its parts has come back. */
  function close(frame: Frame, parent: Frame | undefined): void {
    frame.closed = true;
    const { directory } = frame;
    if (parent && directory) {
      if (frame.pending === 0 && !frame.place) {
        store.finishDirectory(frame, directory, parent);
        return;
      }
      const fill = frame.place ?? leaveHole(parent);
      frame.finish = () => fill(store.finishDirectoryLate(frame, directory, parent));
    }
    if (frame.pending === 0) frame.finish();
  }

  /** Visits an entry; for a directory, resolves to the frame that goes on with what is in it. */
  function visit(frame: Frame, i: number): Promise<Frame | undefined> | undefined {
    const { listing } = frame;
    const name = listing.name(i);
    if (frame.selected?.includes(listing, i, name) === false) {
      frame.marks.set(i, null);
      return undefined;
    }
    if (frame.twin && listing.error(i) === 0) {
      const same = store.takeOver(frame, frame.twin, i, name);
      if (same === true) return undefined;
      if (same !== false) return openFrame(same);
    }
    const previous = frame.previous?.find(name);
    if (previous instanceof Promise) return previous.then((node) => visitEntry(frame, i, node));
    return visitEntry(frame, i, previous);
  }

  function visitEntry(
    frame: Frame,
    i: number,
    previous: Parameters<EntryStore['storeEntry']>[2],
  ): Promise<Frame | undefined> | undefined {
    if (frame.listing.error(i) === 0 && frame.listing.isDirectory(i)) {
      const origin = store.openDirectory(frame, i, previous);
      return origin && openFrame(origin);
    }
    return store.storeEntry(frame, i, previous)?.then(() => undefined);
  }

  /** Gives a run of unvisited entries, as near to the root as there are any, to a worker that waits. */
  function share(stack: readonly Frame[]): void {
    for (const [depth, frame] of stack.entries()) {
      const left = frame.listing.count - frame.next;
      // A worker keeps something for itself: what it would give away whole comes back for ever.
      const busy = depth < stack.length - 1;
      if (left === 0 || (left === 1 && !(busy && isWorthGiving(frame)))) continue;
      const waiting = Atomics.load(host.signals, signal.hungry);
      if (waiting <= 0) return;
      if (Atomics.compareExchange(host.signals, signal.hungry, waiting, waiting - 1) !== waiting) return;
      // The directory that is being visited comes before what is given away.
      const child = stack[depth + 1];
      if (child) child.place ??= leaveHole(frame);
      const fill = leaveHole(frame);
      const from = frame.next;
      const count = Math.min(Math.ceil(left / 2), largestGift);
      frame.next += count;
      const range: Range = {
        path: frame.path,
        snapshotPath: frame.snapshotPath,
        listing: sliceListing(frame.listing.data, from, from + count),
        entryPath: frame.entryPath,
        ahead: aheadOf(frame, from, count),
        explicit: frame.explicit,
        previous: frame.previousId,
      };
      host
        .give(range)
        .then(({ nodes, marks }) => {
          absorb(frame, from, marks);
          fill(nodes);
        })
        .catch((error: unknown) => host.fail(error));
      return;
    }
  }

  return {
    async walk(range, done) {
      const root = await openFrame({
        ...range,
        listing: new Listing(range.listing),
        previousId: range.previous,
        directory: undefined,
      });
      root.finish = () =>
        done({ nodes: root.sequence.takeNodes(), marks: isSure(root, store) ? root.marks : undefined });
      const stack: Frame[] = [root];
      while (stack.length > 0) {
        const frame = stack[stack.length - 1]!;
        if (Atomics.load(host.signals, signal.hungry) > 0) share(stack);
        if (frame.next >= frame.listing.count) {
          stack.pop();
          close(frame, stack[stack.length - 1]);
          continue;
        }
        if (Atomics.load(host.signals, signal.stop) !== 0)
          throw new HoldfastError('interrupted', 'interrupted');
        const visiting = visit(frame, frame.next++);
        const child = visiting && (await visiting);
        if (child) stack.push(child);
        const waiting = host.pause();
        if (waiting) await waiting;
      }
    },
  };
}

/** Takes over what another worker has found out about entries of the frame's listing. */
function absorb(frame: Frame, from: number, marks: Marks | undefined): void {
  if (!marks) frame.isDoubtful = true;
  else for (const [i, mark] of marks) frame.marks.set(from + i, mark);
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
