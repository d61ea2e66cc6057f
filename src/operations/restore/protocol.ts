/** What a restore asks of its worker threads, and what they answer and tell. */
import type { OverwritePolicy } from '../../sources/files/target/overwrite.ts';
import type { SharedIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { MasterKey } from '../../vaults/repository/format/seal.ts';

/** What workers know for the whole restore. */
export interface WorkerTask {
  readonly key: MasterKey;
  readonly index: SharedIndex;
  /** raw path */
  readonly target: Uint8Array;
  readonly overwrite: OverwritePolicy;
  readonly sparse: boolean;
  /** a directory in the way of a file may be removed with all it holds */
  readonly removeDirectories: boolean;
  readonly ownershipByName: boolean;
  readonly includeXattrs: readonly string[];
  readonly excludeXattrs: readonly string[];
  readonly dryRun: boolean;
  /** tell every item, not errors alone */
  readonly detail: boolean;
  /** the process's umask */
  readonly umask: number;
  /** Float64: `counterCount` for each worker */
  readonly counters: SharedArrayBuffer;
}

/** Counters of each worker in shared memory. */
export const counter = { files: 0, bytes: 1, skipped: 2, verified: 3 } as const;
export const counterCount = 4;

/**
 * Places where blobs belong, of one window: use `i` is blob `entries[i]` of the index at `offsets[i]` in the file
 * `files[i]`. `order` has the uses by pack and by place in the pack.
 */
export interface BlobUses {
  readonly files: Uint32Array<SharedArrayBuffer>;
  readonly entries: Uint32Array<SharedArrayBuffer>;
  readonly offsets: Float64Array<SharedArrayBuffer>;
  readonly order: Uint32Array<SharedArrayBuffer>;
}

export type RestoreRequest =
  | { readonly kind: 'begin'; readonly task: WorkerTask }
  /** the records that the next requests speak of */
  | { readonly kind: 'arena'; readonly arena: SharedArrayBuffer }
  | { readonly kind: 'uses'; readonly uses: BlobUses }
  /** looks at what stands in the place of these files, and settles their state; metadata is applied to those that are right */
  | { readonly kind: 'inspect'; readonly refs: Uint32Array }
  /** files of which no blob has to be written, and what is no file: symlinks, fifos, devices */
  | { readonly kind: 'create'; readonly refs: Uint32Array }
  /** bytes of a pack from `start` on, for the uses `order[from .. to)` */
  | {
      readonly kind: 'blobs';
      readonly from: number;
      readonly to: number;
      readonly start: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  /** one blob, decoded, for the uses `order[from .. to)`; undefined when it cannot be had */
  | {
      readonly kind: 'plain';
      readonly from: number;
      readonly to: number;
      readonly bytes: Uint8Array | undefined;
      /** why not */
      readonly reason: string;
    }
  /** applies the metadata of directories, in this order */
  | { readonly kind: 'directories'; readonly refs: Uint32Array }
  /** closes what was kept open */
  | { readonly kind: 'end' }
  /** reads files back */
  | { readonly kind: 'verify'; readonly refs: Uint32Array };

/** Uses of one blob that could not be decoded here: `order[from .. to)`. */
export interface FailedBlob {
  readonly from: number;
  readonly to: number;
}

export interface RestoreResponse {
  readonly failed: readonly FailedBlob[];
  /** what the bytes of a pack lay in: it serves the next pack, because fresh memory costs more than reading into it */
  readonly memory?: ArrayBuffer;
}

export type ItemAction = 'restored' | 'updated' | 'unchanged' | 'deleted';
export type ItemKind = 'file' | 'dir' | 'other';

/** Something that happened to an entry. */
export interface RestoredItem {
  readonly kind: 'item';
  readonly action: ItemAction;
  readonly what: ItemKind;
  /** in the snapshot, beginning with a slash; of what is deleted on this machine */
  readonly path: string;
  /** bytes */
  readonly size: number;
}

/** An entry that could not be restored, or not as it should be. */
export interface RestoreProblem {
  readonly kind: 'problem';
  /** in the snapshot, beginning with a slash */
  readonly path: string;
  readonly message: string;
}

export type RestoreEvent = RestoredItem | RestoreProblem;
