/** Chosen blobs of the index, pack by pack and in the order in which they lie, to be read with few requests. */
import { toHex } from '../kernel/hex.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import type { PackBlob } from '../vaults/repository/format/pack.ts';

export interface PackContent {
  /** lower-case hex */
  readonly pack: string;
  /** ascending by offset, at least one */
  readonly blobs: readonly PackBlob[];
}

/** Groups entries by pack. */
export function* packContents(index: BlobIndex, entries: Iterable<number>): Generator<PackContent> {
  const sorted = Float64Array.from(entries);
  sorted.sort((a, b) => index.packOf(a) - index.packOf(b) || index.offsetOf(a) - index.offsetOf(b));
  for (let start = 0, at = 1; at <= sorted.length; at++) {
    const pack = index.packOf(sorted[start]!);
    if (at < sorted.length && index.packOf(sorted[at]!) === pack) continue;
    const blobs = Array.from(sorted.subarray(start, at), (entry) => packBlobOf(index, entry));
    yield { pack: toHex(index.packId(pack)), blobs };
    start = at;
  }
}

/** An entry as the format has it; its id has memory of its own. */
export function packBlobOf(index: BlobIndex, entry: number): PackBlob {
  return {
    type: index.typeOf(entry),
    id: index.idOf(entry).slice(),
    offset: index.offsetOf(entry),
    length: index.lengthOf(entry),
    uncompressedLength: index.uncompressedLengthOf(entry),
  };
}
