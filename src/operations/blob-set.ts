/** Sets of blobs as one bit for each entry of the blob index: ten million blobs take little more than a megabyte. */
import { toHex } from '../kernel/hex.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import type { BlobType } from '../vaults/repository/format/pack.ts';

/** A set of whole numbers from 0, at its best below `bound`; it grows when a larger one is added. */
export class EntrySet {
  #words: Uint32Array;
  #size = 0;

  constructor(bound: number) {
    this.#words = new Uint32Array(Math.ceil(bound / 32));
  }

  get size(): number {
    return this.#size;
  }

  has(entry: number): boolean {
    return ((this.#words[entry >>> 5] ?? 0) & (1 << (entry & 31))) !== 0;
  }

  /** True when it was not there before. */
  add(entry: number): boolean {
    if (this.has(entry)) return false;
    if (entry >>> 5 >= this.#words.length) this.#grow(entry);
    this.#words[entry >>> 5]! |= 1 << (entry & 31);
    this.#size++;
    return true;
  }

  /** True when it was there. */
  delete(entry: number): boolean {
    if (!this.has(entry)) return false;
    this.#words[entry >>> 5]! &= ~(1 << (entry & 31));
    this.#size--;
    return true;
  }

  #grow(entry: number): void {
    const words = new Uint32Array(Math.max((entry >>> 5) + 1, this.#words.length * 2));
    words.set(this.#words);
    this.#words = words;
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [at, word] of this.#words.entries()) {
      for (let rest = word; rest !== 0; rest &= rest - 1) {
        yield at * 32 + 31 - Math.clz32(rest & -rest);
      }
    }
  }
}

/**
 * A set of blobs, duplicates in the index counting as one. What the index does not know is kept by name in `missing`
 * (few in any repository that is not broken).
 */
export class BlobSet {
  readonly #index: BlobIndex;
  /** the first entry of each member */
  readonly entries: EntrySet;
  readonly #missing = new Map<string, { type: BlobType; id: string }>();

  constructor(index: BlobIndex) {
    this.#index = index;
    this.entries = new EntrySet(index.count);
  }

  get size(): number {
    return this.entries.size + this.#missing.size;
  }

  get missing(): readonly { type: BlobType; id: string }[] {
    return [...this.#missing.values()];
  }

  has(type: BlobType, ids: Uint8Array, at = 0): boolean {
    const entry = this.#index.find(type, ids, at);
    return entry >= 0 ? this.entries.has(entry) : this.#missing.has(missingKey(type, ids, at));
  }

  /** True when it was not there before. */
  add(type: BlobType, ids: Uint8Array, at = 0): boolean {
    const entry = this.#index.find(type, ids, at);
    if (entry >= 0) return this.entries.add(entry);
    const key = missingKey(type, ids, at);
    if (this.#missing.has(key)) return false;
    this.#missing.set(key, { type, id: toHex(ids, at, at + 32) });
    return true;
  }
}

function missingKey(type: BlobType, ids: Uint8Array, at: number): string {
  return `${type} ${toHex(ids, at, at + 32)}`;
}

/** Length of a blob's plaintext in bytes, from its index entry. */
export function plainLength(index: BlobIndex, entry: number): number {
  return index.uncompressedLengthOf(entry) || index.lengthOf(entry) - 32;
}
