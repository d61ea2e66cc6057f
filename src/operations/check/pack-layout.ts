/** The entries of the index in the order in which they lie in their packs, shared with the worker threads. */
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { headerEntrySize, HEADER_LENGTH_SIZE } from '../../vaults/repository/format/pack.ts';
import { SEAL_OVERHEAD } from '../../vaults/repository/format/seal.ts';

/** Blobs of pack p are `order[starts[p] .. starts[p + 1])`, ascending by offset. */
export interface PackLayout {
  readonly order: Uint32Array<SharedArrayBuffer>;
  readonly starts: Uint32Array<SharedArrayBuffer>;
}

export function layOut(index: BlobIndex): PackLayout {
  const packs = index.packCount;
  const starts = new Uint32Array(new SharedArrayBuffer(4 * (packs + 1)));
  let total = 0;
  index.forEachEntry((entry) => {
    starts[index.packOf(entry) + 1]!++;
    total++;
  });
  for (let pack = 0; pack < packs; pack++) starts[pack + 1]! += starts[pack]!;
  const order = new Uint32Array(new SharedArrayBuffer(4 * total));
  const next = starts.slice(0, packs);
  index.forEachEntry((entry) => {
    order[next[index.packOf(entry)]!++] = entry;
  });
  for (let pack = 0; pack < packs; pack++)
    sortByOffset(index, order.subarray(starts[pack], starts[pack + 1]));
  return { order, starts };
}

/** Index files mostly list blobs as they lie already. */
function sortByOffset(index: BlobIndex, entries: Uint32Array): void {
  for (let i = 1; i < entries.length; i++) {
    if (index.offsetOf(entries[i]!) < index.offsetOf(entries[i - 1]!)) {
      entries.sort((a, b) => index.offsetOf(a) - index.offsetOf(b));
      return;
    }
  }
}

/** Entries of one pack, ascending by offset. */
export function entriesOf(layout: PackLayout, pack: number): Uint32Array {
  return layout.order.subarray(layout.starts[pack], layout.starts[pack + 1]);
}

export interface PackSummary {
  /** bytes of the pack's file, as the index has it: sealed blobs and header */
  readonly size: number;
  /** bytes of the sealed header, without the length behind it */
  readonly headerSize: number;
  readonly trees: number;
  /** false when the blobs leave a gap or overlap */
  readonly contiguous: boolean;
}

/** What the index says of one pack as a whole. */
export function summarize(index: BlobIndex, entries: Uint32Array): PackSummary {
  let headerSize = SEAL_OVERHEAD;
  let blobs = 0;
  let trees = 0;
  let end = 0;
  let contiguous = true;
  for (const entry of entries) {
    const offset = index.offsetOf(entry);
    const length = index.lengthOf(entry);
    if (offset !== end) contiguous = false;
    end = offset + length;
    blobs += length;
    headerSize += headerEntrySize({ uncompressedLength: index.uncompressedLengthOf(entry) });
    if (index.typeOf(entry) === 'tree') trees++;
  }
  return { size: blobs + headerSize + HEADER_LENGTH_SIZE, headerSize, trees, contiguous };
}
