/** A directory, or a part of one, whose entries are being visited, and what is known of its tree so far. */
import type { Fingerprint } from '../../sources/files/fingerprint.ts';
import { joinPath } from '../../sources/files/path.ts';
import type { Listing } from '../../sources/files/listing.ts';
import type { DirectorySelection } from '../../sources/files/selection.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { createNodeSequence, type NodeSequence } from './node-sequence.ts';
import type { PreviousTree } from './previous-tree.ts';
import type { Ahead } from './protocol.ts';
import { treeHead, Twin } from './twin.ts';

/** Where a frame comes from. */
export interface Origin {
  /** raw bytes: the directory on this machine */
  readonly path: Uint8Array;
  /** raw bytes: the directory in the snapshot */
  readonly snapshotPath: Uint8Array;
  readonly listing: Listing;
  /** where the one entry lies, when that is not its name in `path` */
  readonly entryPath: Uint8Array | undefined;
  readonly ahead: Map<number, Ahead> | undefined;
  readonly explicit: boolean;
  /** the directory's tree in the parent snapshot */
  readonly previousId: Uint8Array | undefined;
  /** undefined for a part of a directory */
  readonly directory: DirectoryInTree | undefined;
}

/** A directory as its parent's tree has, or will have it. */
export interface DirectoryInTree {
  /** place of its entry in the parent's listing */
  readonly index: number;
  /** its node in the parent snapshot, when all but the subtree is known to be the same: bytes in the parent's twin */
  readonly same: { readonly node: Uint8Array; readonly end: number } | undefined;
  /** its node, without the subtree; undefined when `same` says it */
  readonly node: Node | undefined;
  /** its node in the parent snapshot */
  readonly previous: Node | undefined;
  /** milliseconds */
  readonly started: number;
}

export interface Frame extends Origin {
  /** which entries go into the backup; undefined: all */
  readonly selected: DirectorySelection | undefined;
  readonly previous: PreviousTree | undefined;
  /** `previous`, when nodes can be taken over from it */
  readonly twin: Twin | undefined;
  /** the nodes that are not the parent's */
  readonly sequence: NodeSequence;
  /** places in the sequence that are not filled */
  readonly pending: number;
  /** the entry that is visited next */
  next: number;
  /** All nodes so far are those of the twin up to here, and not in the sequence; 0: they are in the sequence. */
  sameEnd: number;
  /** all entries are visited or given away */
  closed: boolean;
  /** what is known of the entries for the directory's fingerprint */
  readonly marks: Map<number, Fingerprint | null>;
  /** The worker's count of doubts when the frame was opened: when it has grown, there is no fingerprint. */
  readonly doubtsBefore: number;
  /** a part that was given away came back without marks */
  isDoubtful: boolean;
  /** fills the place that was kept for this directory in its parent, when what follows it was given away */
  place: ((nodes: Uint8Array) => void) | undefined;
  /** called once, when all nodes are known */
  finish: () => void;
}

/** @param onComplete called when the frame is closed and the last of its holes was filled */
export function createFrame(
  origin: Origin,
  previous: PreviousTree | undefined,
  selected: DirectorySelection | undefined,
  store: { readonly compresses: boolean; readonly doubts: number },
  onComplete: (frame: Frame) => void,
): Frame {
  const twin = previous instanceof Twin ? previous : undefined;
  let sequence: NodeSequence | undefined;
  const frame: Frame = {
    ...origin,
    previous,
    twin,
    selected,
    // Most directories of most backups are the parent's and never need one.
    get sequence() {
      return (sequence ??= createNodeSequence(store.compresses, () => {
        if (frame.closed) onComplete(frame);
      }));
    },
    get pending() {
      return sequence?.pending ?? 0;
    },
    next: 0,
    sameEnd: twin && origin.directory ? treeHead.length : 0,
    closed: false,
    marks: new Map(),
    doubtsBefore: store.doubts,
    isDoubtful: false,
    place: undefined,
    finish: () => {},
  };
  return frame;
}

/** From here on the nodes are written out: the tree is not the parent's. */
export function diverge(frame: Frame): void {
  if (frame.sameEnd === 0) return;
  const start = treeHead.length;
  // the comma behind the last node is written with the next one
  const end = frame.sameEnd - (frame.sameEnd > start && frame.twin!.json[frame.sameEnd - 1] === 0x2c ? 1 : 0);
  frame.sameEnd = 0;
  if (end <= start) return;
  frame.sequence.begin();
  frame.sequence.writer.writeBytes(frame.twin!.json.subarray(start, end));
}

/** Leaves a place in the frame's tree for nodes that come later. */
export function leaveHole(frame: Frame): (nodes: Uint8Array) => void {
  diverge(frame);
  return frame.sequence.leaveHole();
}

/** The path of an entry on this machine. */
export function entryPath(frame: Frame, i: number): Uint8Array {
  return frame.entryPath ?? joinPath(frame.path, frame.listing.name(i));
}

/** True when everything in the directory went into its tree as the listing has it. */
export function isSure(frame: Frame, store: { readonly doubts: number }): boolean {
  return !frame.isDoubtful && frame.doubtsBefore === store.doubts;
}
