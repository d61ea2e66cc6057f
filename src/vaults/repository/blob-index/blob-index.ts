/**
 * Which blobs a repository has, and where: one compact table in shared memory for all threads, with less than 64
 * bytes for a blob. Lookups take no lock; a new blob is claimed by exactly one of the threads that meet it.
 */
import type { BlobType, PackBlob } from '../format/pack.ts';
import type { SharedTable } from './id-table.ts';
import { IdTable, writeKey } from './id-table.ts';
import {
  blobWords,
  IndexBatch,
  lengthAt,
  offsetAt,
  packAt,
  packWords,
  plainLengthAt,
  treeBit,
} from './index-batch.ts';

/** What another thread needs to use the same index; structured clone shares it. */
export interface SharedIndex {
  readonly blobs: SharedTable;
  readonly packs: SharedTable;
}

/** The pack of a blob that was claimed and is not in a pack yet. */
const pending = -1;
/** Packs to make room for, for each blob: fewer in real repositories, and the table grows. */
const packsPerBlob = 1 / 32;
/** Limit of the index: 8 GiB of memory, for at least 60 terabytes in blobs of half a mebibyte. */
const mostBlobs = 1 << 27;

/** What a thread is through with in the time that another takes to start. */
const [fewBlobs, fewBytes] = [1000, 8 * 1024 * 1024];

/**
 * Blobs are known by their entry, a number below `count`; packs by a number below `packCount`. Numbers stay the same
 * for as long as the index lives. Copies of a blob in several packs have an entry each, the same place is entered once.
 */
export class BlobIndex {
  readonly #blobs: IdTable;
  readonly #packs: IdTable;
  readonly #claim = new Int32Array(blobWords);

  private constructor(blobs: IdTable, packs: IdTable) {
    this.#blobs = blobs;
    this.#packs = packs;
  }

  /** An empty index with room for so many blobs; it grows beyond by itself. */
  static create(expectedBlobs = 0): BlobIndex {
    return new BlobIndex(
      IdTable.create(blobWords, expectedBlobs, mostBlobs),
      IdTable.create(packWords, expectedBlobs * packsPerBlob, mostBlobs),
    );
  }

  /** The index of another thread. */
  static attach(shared: SharedIndex): BlobIndex {
    return new BlobIndex(IdTable.attach(shared.blobs), IdTable.attach(shared.packs));
  }

  get shared(): SharedIndex {
    return { blobs: this.#blobs.shared, packs: this.#packs.shared };
  }

  /** Number of entries, those that are claimed and not stored yet included. */
  get count(): number {
    return this.#blobs.count;
  }

  get packCount(): number {
    return this.#packs.count;
  }

  /** True when one thread has read all that the index tells of before another has begun. */
  get isSmall(): boolean {
    if (this.count > fewBlobs) return false;
    let bytes = 0;
    this.forEachEntry((entry) => (bytes += this.lengthOf(entry)));
    return bytes <= fewBytes;
  }

  /** Bytes of memory, for all threads together. */
  get byteLength(): number {
    return this.#blobs.byteLength + this.#packs.byteLength;
  }

  /** The entry of the blob whose id is `ids[at, at + 32)`, the first when there are copies; -1 when it is in no pack. */
  find(type: BlobType, ids: Uint8Array, at = 0): number {
    return this.#located(type, ids, at, -1);
  }

  /** All entries of a blob, that of `find` first: where else to read it when a pack is damaged. */
  findAll(type: BlobType, ids: Uint8Array, at = 0): number[] {
    const entries: number[] = [];
    for (let entry = this.find(type, ids, at); entry >= 0; entry = this.#located(type, ids, at, entry)) {
      entries.push(entry);
    }
    return entries;
  }

  /** The number of the pack whose id is `ids[at, at + 32)`, -1 when the index does not name it. */
  findPack(ids: Uint8Array, at = 0): number {
    return this.#packs.find(ids, at);
  }

  packOf(entry: number): number {
    return this.#blobs.word(entry, packAt);
  }

  /** The 32-byte id of a pack. */
  packId(pack: number): Uint8Array<ArrayBuffer> {
    const id = new Uint8Array(32);
    this.#packs.readId(pack, id, 0);
    return id;
  }

  /** Where the sealed blob begins in its pack. */
  offsetOf(entry: number): number {
    return this.#blobs.word(entry, offsetAt) >>> 0;
  }

  /** Length of the sealed blob in bytes. */
  lengthOf(entry: number): number {
    return this.#blobs.word(entry, lengthAt) & ~treeBit;
  }

  /** Length of the plaintext in bytes, 0 when the blob is not compressed. */
  uncompressedLengthOf(entry: number): number {
    return this.#blobs.word(entry, plainLengthAt) >>> 0;
  }

  typeOf(entry: number): BlobType {
    return this.#blobs.word(entry, lengthAt) < 0 ? 'tree' : 'data';
  }

  /** The 32-byte id of a blob. */
  idOf(entry: number): Uint8Array<ArrayBuffer> {
    const id = new Uint8Array(32);
    this.#blobs.readId(entry, id, 0);
    return id;
  }

  /** Writes the 32-byte id of a blob to `out[at]`. */
  readId(entry: number, out: Uint8Array, at: number): void {
    this.#blobs.readId(entry, out, at);
  }

  /**
   * True when nobody has the blob: the caller, of all threads that ask, is the one who must store it and see to it
   * that `addPack` is told where.
   */
  claim(type: BlobType, ids: Uint8Array, at = 0): boolean {
    const words = this.#claim;
    writeKey(words, 0, ids, at);
    const bit = type === 'tree' ? treeBit : 0;
    if (this.#known(words, bit)) return false;
    return this.#blobs.locked(() => {
      if (this.#known(words, bit)) return false;
      words[packAt] = pending;
      words[lengthAt] = bit;
      this.#blobs.append(words, 0);
      return true;
    });
  }

  /** Enters a pack that is stored, or will be before anybody can read it. `id`: 32 bytes. */
  addPack(id: Uint8Array, blobs: Iterable<PackBlob>): void {
    const batch = new IndexBatch();
    batch.pack(id, 0);
    for (const blob of blobs) {
      batch.blob(blob.type, blob.id, 0, blob.offset, blob.length, blob.uncompressedLength);
    }
    this.addBatch(batch);
  }

  /** Enters all packs of a batch, whose pack numbers are changed on the way. */
  addBatch(batch: IndexBatch): void {
    const blobs = batch.blobs;
    const count = batch.blobCount;
    this.#blobs.locked(() => {
      const numbers: number[] = [];
      for (let i = 0; i < batch.packCount; i++) {
        const known = this.#packs.findKey(batch.packs, i * packWords);
        numbers.push(known >= 0 ? known : this.#packs.append(batch.packs, i * packWords));
      }
      this.#blobs.reserve(count);
      for (let base = 0; base < count * blobWords; base += blobWords) {
        blobs[base + packAt] = numbers[blobs[base + packAt]!]!;
        this.#enter(blobs, base);
      }
    });
  }

  /** Calls `visit` with every entry that is in a pack, ascending. */
  forEachEntry(visit: (entry: number) => void): void {
    const count = this.count;
    for (let entry = 0; entry < count; entry++) if (this.packOf(entry) !== pending) visit(entry);
  }

  /** Every entry that is in a pack, ascending. */
  *entries(): Generator<number, void, void> {
    const count = this.count;
    for (let entry = 0; entry < count; entry++) if (this.packOf(entry) !== pending) yield entry;
  }

  #located(type: BlobType, ids: Uint8Array, at: number, after: number): number {
    const bit = type === 'tree' ? treeBit : 0;
    let entry = this.#blobs.find(ids, at, after);
    while (entry >= 0 && (this.#typeBit(entry) !== bit || this.packOf(entry) === pending)) {
      entry = this.#blobs.find(ids, at, entry);
    }
    return entry;
  }

  #known(words: Int32Array, bit: number): boolean {
    let entry = this.#blobs.findKey(words, 0);
    while (entry >= 0 && this.#typeBit(entry) !== bit) entry = this.#blobs.findKey(words, 0, entry);
    return entry >= 0;
  }

  #typeBit(entry: number): number {
    return this.#blobs.word(entry, lengthAt) & treeBit;
  }

  /** Gives a claimed blob its place, or enters a copy, unless this very place is known. Under the lock. */
  #enter(record: Int32Array, base: number): void {
    const table = this.#blobs;
    const bit = record[base + lengthAt]! & treeBit;
    for (let entry = table.findKey(record, base); entry >= 0; entry = table.findKey(record, base, entry)) {
      if (this.#typeBit(entry) !== bit) continue;
      const pack = this.packOf(entry);
      if (pack === record[base + packAt] && table.word(entry, offsetAt) === record[base + offsetAt]) return;
      if (pack === pending) {
        for (const at of [offsetAt, lengthAt, plainLengthAt, packAt])
          table.setWord(entry, at, record[base + at]!);
        return;
      }
    }
    table.append(record, base);
  }
}
