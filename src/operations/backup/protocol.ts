/** What the thread that leads a backup and its workers say to each other. */
import type { CarriedError } from '../../kernel/carried-error.ts';
import type { Fingerprint, Marks } from '../../sources/files/fingerprint.ts';
import type { ListingData } from '../../sources/files/listing.ts';
import type { SelectionOptions } from '../../sources/files/selection.ts';
import type { SharedIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { ChunkerKind } from '../../vaults/repository/chunker/chunker.ts';
import type { MasterKey } from '../../vaults/repository/format/seal.ts';
import type { CompressionMode } from '../../vaults/repository/worker/compression.ts';
import type { FinishedPack, PackBytes, PackerStats } from '../../vaults/repository/worker/packer.ts';
import type { Profile } from '../../vaults/repository/worker/profile.ts';
import type { ChangeRules } from './change-rules.ts';
import type { SharedKnownTrees } from './known-trees.ts';

/** What every worker knows from its start, before the repository is open. */
export interface WorkerSetup {
  readonly selection: SelectionOptions;
  readonly rules: ChangeRules;
  readonly withAtime: boolean;
  /** report every item, not errors alone */
  readonly detail: boolean;
  readonly profile: boolean;
  /** see createFingerprinter */
  readonly fingerprintSalt: string;
  readonly shared: SharedState;
  /** for consistent copies of SQLite databases; undefined to store them as they are */
  readonly sqliteFolder: string | undefined;
}

/** What a worker learns when the repository is open. */
export interface RepositoryForWorkers {
  readonly key: MasterKey;
  readonly index: SharedIndex;
  readonly version: 1 | 2;
  readonly compression: CompressionMode;
  /** bytes */
  readonly packSize: number;
  readonly chunker: ChunkerKind;
  readonly polynomial: bigint;
  /** trees that need no second look; undefined when every entry is to be looked at */
  readonly known: SharedKnownTrees | undefined;
}

/** Memory that all threads of a backup look at. */
export interface SharedState {
  /** Int32: see `signal` */
  readonly signals: SharedArrayBuffer;
  /** Float64: `counterNames.length` for each worker */
  readonly counters: SharedArrayBuffer;
  /** what each worker is busy with: `currentSlot` bytes each, a length (uint32) and a path in the snapshot */
  readonly current: SharedArrayBuffer;
}

/** Places in `SharedState.signals`. */
export const signal = {
  /** workers that wait for something to do */
  hungry: 0,
  /** not 0 when the repository is open and looking ahead should end */
  open: 1,
  /** not 0 when the backup is given up */
  stop: 2,
} as const;

export const currentSlot = 1024;

export const counterNames = [
  'filesNew',
  'filesChanged',
  'filesUnmodified',
  'dirsNew',
  'dirsChanged',
  'dirsUnmodified',
  /** sizes of the files that are done, bytes */
  'bytesProcessed',
  /** bytes read or taken over, of files that may not be done yet */
  'bytesSeen',
] as const;
export type CounterName = (typeof counterNames)[number];

export function createSharedState(workers: number): SharedState {
  return {
    signals: new SharedArrayBuffer(16),
    counters: new SharedArrayBuffer(workers * counterNames.length * 8),
    current: new SharedArrayBuffer(workers * currentSlot),
  };
}

/** A listing that was made ahead of the work, with those of the directories in it by the place of their entry. */
export interface Ahead {
  readonly data: ListingData;
  readonly below: Map<number, Ahead> | undefined;
  /** undefined when not everything below was listed */
  readonly print: Fingerprint | undefined;
  /** of what goes into the backup, this directory and all below it */
  readonly directories: number;
  readonly files: number;
  /** sizes of the files, bytes */
  readonly bytes: number;
}

/** A run of entries of one directory: the unit of work that goes from one worker to another. */
export interface Range {
  /** the directory on this machine, raw bytes */
  readonly path: Uint8Array;
  /** the directory in the snapshot, raw bytes */
  readonly snapshotPath: Uint8Array;
  readonly listing: ListingData;
  /** where the one entry of the listing lies, when that is not its name in `path` */
  readonly entryPath: Uint8Array | undefined;
  readonly ahead: Map<number, Ahead> | undefined;
  /** names of the command line are never excluded by a pattern */
  readonly explicit: boolean;
  /** id of this directory's tree in the parent snapshot */
  readonly previous: Uint8Array | undefined;
}

/** The JSON of a range's nodes, separated by commas, without one at either end. */
export type EncodedNodes = Uint8Array<ArrayBuffer>;

/** What a worker has made of a range. */
export interface RangeResult {
  readonly nodes: EncodedNodes;
  /** for the fingerprint of the directory that the range is a part of; undefined when it has none */
  readonly marks: Marks | undefined;
}

export type BackupRequest =
  /** lists the directories below these paths until the repository is open */
  | { readonly kind: 'look-ahead'; readonly paths: readonly Uint8Array[] }
  | { readonly kind: 'open'; readonly repository: RepositoryForWorkers }
  /** takes ranges until there are no more */
  | { readonly kind: 'work' }
  /** cuts and stores what the leader reads from somewhere; an empty piece with `last` ends it */
  | { readonly kind: 'stream'; readonly bytes: Uint8Array; readonly last: boolean }
  /** stores blocks that are cut; the memory of `bytes` is read until the answer */
  | {
      readonly kind: 'slab';
      readonly bytes: Uint8Array<SharedArrayBuffer>;
      readonly ends: Uint32Array<ArrayBuffer>;
    }
  /** stores a tree; the JSON of its nodes is complete */
  | { readonly kind: 'tree'; readonly nodes: readonly EncodedNodes[] }
  | { readonly kind: 'take-partial' }
  | { readonly kind: 'finish'; readonly partial: readonly PackBytes[] };

export type BackupResponse =
  | { readonly kind: 'done' }
  | { readonly kind: 'stored'; readonly ids: Uint8Array; readonly size: number; readonly isNew: boolean }
  | { readonly kind: 'slab'; readonly ids: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'partial'; readonly packs: readonly PackBytes[] }
  | {
      readonly kind: 'finished';
      readonly stats: PackerStats;
      readonly profile: Profile;
      /** see TreeNotes */
      readonly notes: Uint8Array<ArrayBuffer>;
    };

/** What a worker asks of the leader, or tells it. */
export type BackupCall =
  | { readonly kind: 'next' }
  | { readonly kind: 'give'; readonly range: Range }
  | { readonly kind: 'result'; readonly task: number; readonly result: RangeResult }
  | { readonly kind: 'pack'; readonly pack: FinishedPack }
  | { readonly kind: 'read'; readonly name: string; readonly offset: number; readonly length: number }
  /** one worker is not enough for what there is to do */
  | { readonly kind: 'much' }
  | { readonly kind: 'failure'; readonly error: CarriedError }
  | { readonly kind: 'item'; readonly item: ItemEvent };

export type BackupReply =
  | { readonly kind: 'range'; readonly task: number; readonly range: Range }
  | { readonly kind: 'no-more' }
  | { readonly kind: 'nodes'; readonly result: RangeResult }
  /** the memory of the pack may be used again */
  | { readonly kind: 'stored' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> };

export interface StoredItem {
  readonly kind: 'stored';
  readonly action: 'new' | 'changed' | 'unmodified';
  readonly isDirectory: boolean;
  /** path in the snapshot, raw bytes; a directory's ends with a slash */
  readonly path: Uint8Array;
  readonly seconds: number;
  /** bytes of new data blobs, plain and as stored */
  readonly dataSize: number;
  readonly dataSizeInRepo: number;
  /** bytes of a new tree, plain and as stored */
  readonly metadataSize: number;
  readonly metadataSizeInRepo: number;
}

export interface ItemProblem {
  readonly kind: 'problem';
  /** path on this machine, raw bytes */
  readonly path: Uint8Array;
  readonly message: string;
  /** true: the item, or a part of it, is missing in the snapshot; false: stored, but the user should know */
  readonly lost: boolean;
}

/** Something that concerns no item, for the user to know. */
export interface Remark {
  readonly kind: 'remark';
  readonly message: string;
}

/** Something that happened to one item of the source. */
export type ItemEvent = StoredItem | ItemProblem | Remark;
