/** What the check asks of its worker threads, and what they answer. */
import type { SharedIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { MasterKey } from '../../vaults/repository/format/seal.ts';
import type { PackLayout } from './pack-layout.ts';
import type { TreeFindings } from './tree-check.ts';

export type CheckRequest =
  /** first of all, once the index is loaded */
  | {
      readonly kind: 'begin';
      readonly key: MasterKey;
      readonly index: SharedIndex;
      readonly layout: PackLayout;
      /** gather the packs that trees lead to */
      readonly withPacks: boolean;
    }
  /** a whole pack, in every respect; its trees are reported too when `trees` is set */
  | {
      readonly kind: 'pack';
      readonly pack: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly trees: boolean;
    }
  /** the trees among the blobs `order[from .. to)` of the layout; `bytes` begin at `start` in their pack */
  | {
      readonly kind: 'trees';
      readonly from: number;
      readonly to: number;
      readonly start: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
    };

/** A tree that was read, or why it was not. `entry` is the first of its id in the index. */
export interface TreeAnswer extends TreeFindings {
  readonly entry: number;
  /** why the tree cannot be read here; '' when it can */
  readonly damage: string;
}

export interface CheckAnswer {
  /** what is wrong with the pack */
  readonly errors: string[];
  readonly trees: TreeAnswer[];
  /** that of a whole pack, to be read into again */
  readonly memory?: ArrayBuffer;
}
