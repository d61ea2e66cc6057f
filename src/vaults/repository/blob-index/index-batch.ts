/** Packs and their blobs on the way into the blob index: collected by one thread, entered in one go. */
import { HoldfastError } from '../../../kernel/errors.ts';
import type { IndexVisitor } from '../format/index-file.ts';
import type { BlobType } from '../format/pack.ts';
import { writeKey } from './id-table.ts';

/** Words in a blob's record: id 8, pack, offset, length with the type in its top bit, length of the plaintext. */
export const blobWords = 12;
/** Words in a pack's record: its id. */
export const packWords = 8;
export const packAt = 8;
export const offsetAt = 9;
export const lengthAt = 10;
export const plainLengthAt = 11;
/** The bit of the length word that tells trees from data. */
export const treeBit = 1 << 31;

/** Collects what `scanIndex` finds; to be filled again after `clear`. */
export class IndexBatch implements IndexVisitor {
  /** records of `packWords` words */
  packs = new Int32Array(64 * packWords);
  packCount = 0;
  /** records of `blobWords` words, whose pack is a number among `packs` */
  blobs = new Int32Array(1024 * blobWords);
  blobCount = 0;

  clear(): void {
    this.packCount = 0;
    this.blobCount = 0;
  }

  pack(ids: Uint8Array, at: number): void {
    const base = this.packCount * packWords;
    if (base === this.packs.length) this.packs = enlarged(this.packs);
    writeKey(this.packs, base, ids, at);
    this.packCount++;
  }

  /** Throws `corrupt` when a length or an offset is beyond what a pack can have. */
  blob(
    type: BlobType,
    ids: Uint8Array,
    at: number,
    offset: number,
    length: number,
    uncompressedLength: number,
  ): void {
    if (length >= 2 ** 31 || offset >= 2 ** 32 || uncompressedLength >= 2 ** 32) {
      throw new HoldfastError('corrupt', 'a blob lies beyond what a pack can hold');
    }
    const base = this.blobCount * blobWords;
    if (base === this.blobs.length) this.blobs = enlarged(this.blobs);
    const words = this.blobs;
    writeKey(words, base, ids, at);
    words[base + packAt] = this.packCount - 1;
    words[base + offsetAt] = offset;
    words[base + lengthAt] = type === 'tree' ? length | treeBit : length;
    words[base + plainLengthAt] = uncompressedLength;
    this.blobCount++;
  }
}

function enlarged(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(words.length * 2);
  larger.set(words);
  return larger;
}
