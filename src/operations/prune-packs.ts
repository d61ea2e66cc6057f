/** How much of each pack is used, unused or a duplicate, in flat arrays by pack number. */
import { HoldfastError } from '../kernel/errors.ts';
import { toHex } from '../kernel/hex.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import { headerEntrySize, packHeaderSize } from '../vaults/repository/format/pack.ts';
import { EntrySet, type BlobSet } from './blob-set.ts';
import type { PruneStatistics } from './prune-statistics.ts';

export const packKinds = { empty: 0, data: 1, tree: 2, mixed: 3 } as const;

export interface PackFacts {
  readonly usedBlobs: Uint32Array;
  readonly unusedBlobs: Uint32Array;
  /** header included */
  readonly usedBytes: Float64Array;
  readonly unusedBytes: Float64Array;
  /** values of `packKinds` */
  readonly kind: Uint8Array;
  /** 1 where a blob is stored uncompressed */
  readonly uncompressed: Uint8Array;
}

const emptyHeader = packHeaderSize([]);

/**
 * Counts what the packs hold, and adds it to `statistics`. `sizes`: bytes of each pack by number, -1 for one that is not
 * there: what it holds counts as unused. Of a blob that is there several times one copy is chosen to be the used one.
 * Throws `corrupt` when a used blob is in no pack that is there.
 */
export function collectPackFacts(
  index: BlobIndex,
  used: BlobSet,
  sizes: Float64Array,
  statistics: PruneStatistics,
): PackFacts {
  const facts: PackFacts = {
    usedBlobs: new Uint32Array(index.packCount),
    unusedBlobs: new Uint32Array(index.packCount),
    usedBytes: new Float64Array(index.packCount),
    unusedBytes: new Float64Array(index.packCount),
    kind: new Uint8Array(index.packCount),
    uncompressed: new Uint8Array(index.packCount),
  };
  const duplicateBlobs = new Uint32Array(index.packCount);
  const copies = countCopies(index, used, sizes);
  const { blobs, bytes } = statistics;

  forEachBlob(index, (entry, pack) => {
    const length = index.lengthOf(entry);
    const uncompressedLength = index.uncompressedLengthOf(entry);
    if (facts.kind[pack] === packKinds.empty) facts.usedBytes[pack]! += emptyHeader;
    facts.usedBytes[pack]! += headerEntrySize({ uncompressedLength });
    facts.kind[pack]! |= index.typeOf(entry) === 'tree' ? packKinds.tree : packKinds.data;
    if (uncompressedLength === 0) facts.uncompressed[pack] = 1;

    const count = sizes[pack]! < 0 ? 0 : copies.get(entry);
    if (count === 1) {
      facts.usedBlobs[pack]!++;
      facts.usedBytes[pack]! += length;
      blobs.used++;
      bytes.used += length;
      return;
    }
    // a duplicate counts as unused until one copy is chosen
    facts.unusedBlobs[pack]!++;
    facts.unusedBytes[pack]! += length;
    if (count === 0) {
      blobs.unused++;
      bytes.unused += length;
    } else {
      duplicateBlobs[pack]!++;
      blobs.duplicate++;
      bytes.duplicate += length;
    }
  });
  if (blobs.duplicate > 0) chooseCopies(index, sizes, copies, facts, duplicateBlobs, statistics);
  return facts;
}

/** The blobs that are used and in no pack that stays. `gone` says of a pack number whether it will not be there. */
export function blobsToRescue(index: BlobIndex, used: BlobSet, gone: (pack: number) => boolean): EntrySet {
  const rescue = new EntrySet(index.count);
  for (const entry of used.entries) rescue.add(entry);
  forEachBlob(index, (entry, pack) => {
    if (!gone(pack)) rescue.delete(firstEntry(index, entry));
  });
  return rescue;
}

const id = new Uint8Array(32);

/** The entry that stands for the blob of `entry` wherever it has copies, as in `BlobSet`. */
export function firstEntry(index: BlobIndex, entry: number): number {
  index.readId(entry, id, 0);
  return index.find(index.typeOf(entry), id);
}

function forEachBlob(index: BlobIndex, visit: (entry: number, pack: number) => void): void {
  index.forEachEntry((entry) => visit(entry, index.packOf(entry)));
}

/** Number of copies of each used blob in packs that are there, at most 255; 0 for what is not used. */
interface Copies {
  get(entry: number): number;
  set(entry: number, count: number): void;
}

/** a copy is still to be chosen, and it must be the next one: there are no more */
const lastCopy = 255;
const maxCopies = 254;

function countCopies(index: BlobIndex, used: BlobSet, sizes: Float64Array): Copies {
  const counts = new Uint8Array(index.count);
  const lost = new Set<number>();
  forEachBlob(index, (entry, pack) => {
    const first = firstEntry(index, entry);
    if (!used.entries.has(first)) return;
    if (sizes[pack]! < 0) lost.add(pack);
    else counts[first] = Math.min(counts[first]! + 1, maxCopies);
  });
  for (const entry of used.entries) {
    if (counts[entry] !== 0) continue;
    const names = [...lost].map((pack) => toHex(index.packId(pack)));
    throw new HoldfastError(
      'corrupt',
      `${names.length} needed ${names.length === 1 ? 'pack is' : 'packs are'} missing: ${names.slice(0, 5).join(', ')}`,
      { hint: 'nothing was deleted; run "holdfast repair index", then "holdfast repair snapshots"' },
    );
  }
  return {
    get: (entry) => counts[firstEntry(index, entry)]!,
    set: (entry, count) => (counts[firstEntry(index, entry)] = count),
  };
}

/**
 * Chooses one copy of each duplicate: in a pack that holds used blobs anyway, or in one of nothing but duplicates (which
 * an interrupted prune leaves behind), otherwise the last one.
 */
function chooseCopies(
  index: BlobIndex,
  sizes: Float64Array,
  copies: Copies,
  facts: PackFacts,
  duplicateBlobs: Uint32Array,
  { blobs, bytes }: PruneStatistics,
): void {
  forEachBlob(index, (entry, pack) => {
    if (sizes[pack]! < 0) return;
    const count = copies.get(entry);
    if (count <= 1) return;
    if (
      facts.usedBlobs[pack]! === 0 &&
      duplicateBlobs[pack] !== facts.unusedBlobs[pack] &&
      count !== lastCopy
    ) {
      copies.set(entry, count === 2 ? lastCopy : count - 1);
      return;
    }
    const length = index.lengthOf(entry);
    facts.usedBlobs[pack]!++;
    facts.usedBytes[pack]! += length;
    facts.unusedBlobs[pack]!--;
    facts.unusedBytes[pack]! -= length;
    blobs.used++;
    bytes.used += length;
    blobs.duplicate--;
    bytes.duplicate -= length;
    copies.set(entry, 1);
  });
}
