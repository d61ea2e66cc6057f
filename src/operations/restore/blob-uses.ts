/** Which blobs of a window belong where, put in the order in which packs are read, and the ranges that have to be read. */
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { plainLength } from '../blob-set.ts';
import type { PlanArena } from './plan-arena.ts';
import type { BlobUses } from './protocol.ts';

/** Bytes of one pack that are read at once. */
export interface PackRun {
  readonly pack: number;
  readonly start: number;
  readonly length: number;
  /** uses `order[from .. to)` */
  readonly from: number;
  readonly to: number;
}

export interface PackOrder {
  readonly uses: BlobUses;
  /** packs in the order in which the snapshot first needs them, and where the uses of each begin */
  readonly packs: Uint32Array;
  readonly starts: Uint32Array;
}

/** Bytes between two blobs that are read along rather than asking anew. */
const gap = 512 * 1024;
/** A pack of the usual size comes whole. */
const mostAtOnce = 24 * 1024 * 1024;

/** The blobs that the files still need; `count` is their number. */
export function orderByPack(
  index: BlobIndex,
  arena: PlanArena,
  refs: Iterable<number>,
  count: number,
): PackOrder {
  const files = new Uint32Array(new SharedArrayBuffer(4 * count));
  const entries = new Uint32Array(new SharedArrayBuffer(4 * count));
  const offsets = new Float64Array(new SharedArrayBuffer(8 * count));
  const rankOf = new Map<number, number>();
  const packs: number[] = [];
  const sizes: number[] = [];
  let use = 0;
  for (const ref of refs) {
    const blobs = arena.blobCount(ref);
    let offset = 0;
    for (let blob = 0; blob < blobs; blob++) {
      const entry = arena.entry(ref, blob);
      if (!arena.isMatched(ref, blob)) {
        files[use] = ref;
        entries[use] = entry;
        offsets[use++] = offset;
        const pack = index.packOf(entry);
        let rank = rankOf.get(pack);
        if (rank === undefined) {
          rankOf.set(pack, (rank = packs.length));
          packs.push(pack);
          sizes.push(0);
        }
        sizes[rank]!++;
      }
      offset += plainLength(index, entry);
    }
  }
  const starts = new Uint32Array(packs.length + 1);
  sizes.forEach((size, rank) => {
    starts[rank + 1] = starts[rank]! + size;
  });
  const order = new Uint32Array(new SharedArrayBuffer(4 * use));
  const next = starts.slice();
  for (let i = 0; i < use; i++) {
    const rank = rankOf.get(index.packOf(entries[i]!))!;
    order[next[rank]!++] = i;
  }
  return { uses: { files, entries, offsets, order }, packs: Uint32Array.from(packs), starts };
}

/** What has to be read, pack after pack; the uses of a pack are sorted when its turn comes. */
export function* packRuns(index: BlobIndex, { uses, packs, starts }: PackOrder): Generator<PackRun> {
  const { entries, order } = uses;
  for (let rank = 0; rank < packs.length; rank++) {
    const end = starts[rank + 1]!;
    const pack = packs[rank]!;
    order
      .subarray(starts[rank], end)
      .sort((a, b) => index.offsetOf(entries[a]!) - index.offsetOf(entries[b]!) || a - b);
    let from = starts[rank]!;
    while (from < end) {
      const first = entries[order[from]!]!;
      const start = index.offsetOf(first);
      let stop = start + index.lengthOf(first);
      let to = from + 1;
      for (; to < end; to++) {
        const entry = entries[order[to]!]!;
        const offset = index.offsetOf(entry);
        const after = Math.max(stop, offset + index.lengthOf(entry));
        if (offset - stop > gap || after - start > mostAtOnce) break;
        stop = after;
      }
      yield { pack, start, length: stop - start, from, to };
      from = to;
    }
  }
}
