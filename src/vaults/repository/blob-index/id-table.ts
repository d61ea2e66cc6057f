/**
 * Records under 32-byte ids in shared memory: a dense array of records, and buckets that lead from an id to its
 * record. Any thread reads without a lock; whoever changes something holds the table's lock.
 *
 * A bucket is a 32-bit word: the number of a record plus one in the low bits, and in the bits above as much of the id
 * as fits (the tag), so that a probe looks at a record only when it is probably the right one. Equal ids may be
 * entered repeatedly: probing meets them in the order in which they came, and records never move or vanish.
 */
import { HoldfastError } from '../../../kernel/errors.ts';
import { acquireLock, releaseLock } from './shared-lock.ts';

/** What another thread needs to use the same table; structured clone shares it. */
export interface SharedTable {
  readonly header: SharedArrayBuffer;
  readonly records: SharedArrayBuffer;
  readonly buckets: SharedArrayBuffer;
  /** 32-bit words in a record; the first 8 hold the id */
  readonly stride: number;
}

// Words of the header.
const lockAt = 0;
/** Odd while buckets are being rebuilt; grows whenever a thread's views are out of date. */
const generationAt = 1;
const countAt = 2;
const headerWords = 16;

/** Buckets are at most this full, and after they have grown, this divided by `growth`. */
const fullest = 0.75;
const growth = 1.5;
const smallest = 1024;

export class IdTable {
  readonly shared: SharedTable;
  readonly #header: Int32Array;
  readonly #stride: number;
  #generation = -1;
  #words!: Int32Array;
  #buckets!: Int32Array;
  #numberMask = 0;
  /** the id that is being looked for, as words */
  readonly #key = new Int32Array(8);

  private constructor(shared: SharedTable) {
    this.shared = shared;
    this.#stride = shared.stride;
    this.#header = new Int32Array(shared.header);
    this.#refresh();
  }

  /**
   * `stride`: words in a record, at least 8. `expected`: records to make room for. `most`: records that address space
   * is set aside for, where the system grants it; memory is taken as the table grows.
   */
  static create(stride: number, expected: number, most: number): IdTable {
    const capacity = Math.max(smallest, Math.ceil(expected * 1.02));
    return new IdTable({
      header: new SharedArrayBuffer(headerWords * 4),
      records: reserve(capacity * stride * 4, most * stride * 4),
      buckets: reserve(Math.ceil(capacity / fullest) * 4, Math.ceil((most * growth) / fullest) * 4),
      stride,
    });
  }

  static attach(shared: SharedTable): IdTable {
    return new IdTable(shared);
  }

  /** Number of records. */
  get count(): number {
    return Atomics.load(this.#header, countAt);
  }

  /** Bytes of memory that the table takes at most. */
  get byteLength(): number {
    return this.shared.header.byteLength + this.shared.records.byteLength + this.shared.buckets.byteLength;
  }

  /** Word `i` of a record. */
  word(record: number, i: number): number {
    const at = record * this.#stride + i;
    if (at >= this.#words.length) this.#refresh();
    return this.#words[at]!;
  }

  /** Changes word `i` of a record, seen by other threads after all that was written before. Under the lock alone. */
  setWord(record: number, i: number, value: number): void {
    Atomics.store(this.#words, record * this.#stride + i, value);
  }

  /** The first record of the id at `ids[at]`, after the record `after`; -1 when there is none. */
  find(ids: Uint8Array, at: number, after = -1): number {
    const key = this.#key;
    writeKey(key, 0, ids, at);
    return this.findKey(key, 0, after);
  }

  /** As `find`, for an id that stands as words in `keys[at]` (see writeKey). */
  findKey(keys: Int32Array, at: number, after = -1): number {
    for (;;) {
      if (Atomics.load(this.#header, generationAt) !== this.#generation) this.#refresh();
      const found = this.#probe(keys, at, after);
      if (found >= 0) return found;
      if (Atomics.load(this.#header, generationAt) === this.#generation) return -1;
    }
  }

  /** Runs `change` while no other thread can change anything. Not to be nested. */
  locked<T>(change: () => T): T {
    acquireLock(this.#header, lockAt);
    try {
      return change();
    } finally {
      releaseLock(this.#header, lockAt);
    }
  }

  /** Copies a record of `stride` words from `source[at]` into the table; returns its number. Under the lock alone. */
  append(source: Int32Array, at: number): number {
    const record = this.#header[countAt]!;
    this.#makeRoom(record + 1);
    const base = record * this.#stride;
    const words = this.#words;
    for (let i = 0; i < this.#stride; i++) words[base + i] = source[at + i]!;
    this.#link(record);
    Atomics.store(this.#header, countAt, record + 1);
    return record;
  }

  /** Makes room for `more` records beyond those that are there. Under the lock alone. */
  reserve(more: number): void {
    this.#makeRoom(this.#header[countAt]! + more);
  }

  /** Copies the id of a record to `out[at]`. */
  readId(record: number, out: Uint8Array, at: number): void {
    for (let i = 0; i < 8; i++) {
      const word = this.word(record, i);
      out[at + 4 * i] = word;
      out[at + 4 * i + 1] = word >>> 8;
      out[at + 4 * i + 2] = word >>> 16;
      out[at + 4 * i + 3] = word >>> 24;
    }
  }

  #probe(keys: Int32Array, at: number, after: number): number {
    const first = keys[at]!;
    const second = keys[at + 1]!;
    const words = this.#words;
    const buckets = this.#buckets;
    const mask = this.#numberMask;
    const size = buckets.length;
    const tag = second & ~mask;
    let bucket = bucketOf(first, size);
    for (;;) {
      const value = buckets[bucket]!;
      if (value === 0) return -1;
      if ((value & ~mask) === tag) {
        const record = (value & mask) - 1;
        const base = record * this.#stride;
        if (
          record > after &&
          words[base] === first &&
          words[base + 1] === second &&
          words[base + 2] === keys[at + 2] &&
          words[base + 3] === keys[at + 3] &&
          words[base + 4] === keys[at + 4] &&
          words[base + 5] === keys[at + 5] &&
          words[base + 6] === keys[at + 6] &&
          words[base + 7] === keys[at + 7]
        ) {
          return record;
        }
      }
      if (++bucket === size) bucket = 0;
    }
  }

  /** Leads the id of a record, whose words are in place, to it. */
  #link(record: number): void {
    const base = record * this.#stride;
    const buckets = this.#buckets;
    const size = buckets.length;
    let bucket = bucketOf(this.#words[base]!, size);
    while (buckets[bucket] !== 0) if (++bucket === size) bucket = 0;
    // The store that publishes: whoever sees the number sees the record.
    Atomics.store(buckets, bucket, (this.#words[base + 1]! & ~this.#numberMask) | (record + 1));
  }

  #makeRoom(records: number): void {
    if (Atomics.load(this.#header, generationAt) !== this.#generation) this.#refresh();
    const stride = this.#stride;
    if (records * stride > this.#words.length) {
      const capacity = Math.max(records, Math.ceil((this.#words.length / stride) * 1.0625));
      extend(this.shared.records, capacity * stride * 4);
      Atomics.add(this.#header, generationAt, 2);
      this.#refresh();
    }
    if (records > this.#buckets.length * fullest) this.#rebuild(Math.ceil((records / fullest) * growth));
  }

  /** Lets the buckets grow in place; readers that miss meanwhile wait for the end. */
  #rebuild(size: number): void {
    Atomics.add(this.#header, generationAt, 1);
    extend(this.shared.buckets, size * 4);
    this.#view();
    this.#buckets.fill(0);
    const count = this.#header[countAt]!;
    for (let record = 0; record < count; record++) this.#link(record);
    Atomics.add(this.#header, generationAt, 1);
    Atomics.notify(this.#header, generationAt);
    this.#refresh();
  }

  #refresh(): void {
    for (;;) {
      const generation = Atomics.load(this.#header, generationAt);
      if (generation % 2 !== 0) {
        Atomics.wait(this.#header, generationAt, generation, 1000);
        continue;
      }
      this.#view();
      if (Atomics.load(this.#header, generationAt) !== generation) continue;
      this.#generation = generation;
      return;
    }
  }

  #view(): void {
    const { records, buckets } = this.shared;
    // Views of a fixed length are as fast as those of ordinary memory.
    this.#words = new Int32Array(records, 0, Math.floor(records.byteLength / 4));
    this.#buckets = new Int32Array(buckets, 0, Math.floor(buckets.byteLength / 4));
    const most = Math.floor(this.#buckets.length * fullest) + 1;
    const bits = 32 - Math.clz32(most);
    this.#numberMask = bits >= 32 ? -1 : (1 << bits) - 1;
  }
}

/** Writes the id at `ids[at]` as 8 words to `keys[keyAt]`. */
export function writeKey(keys: Int32Array, keyAt: number, ids: Uint8Array, at: number): void {
  for (let i = 0; i < 8; i++, at += 4) {
    keys[keyAt + i] = ids[at]! | (ids[at + 1]! << 8) | (ids[at + 2]! << 16) | (ids[at + 3]! << 24);
  }
}

/** Ids are hashes: their first word alone spreads them evenly over any number of buckets. */
function bucketOf(word: number, buckets: number): number {
  return Math.floor((word >>> 0) * (buckets / 2 ** 32));
}

/** Memory that can grow: as much address space as the system grants, up to `most` bytes. */
function reserve(bytes: number, most: number): SharedArrayBuffer {
  for (let room = Math.max(most, bytes); ; room = Math.max(bytes, Math.floor(room / 4))) {
    try {
      return new SharedArrayBuffer(bytes, { maxByteLength: room });
    } catch (cause) {
      if (room <= bytes) throw tooLarge(cause);
    }
  }
}

function extend(buffer: SharedArrayBuffer, bytes: number): void {
  try {
    buffer.grow(bytes);
  } catch (cause) {
    throw tooLarge(cause);
  }
}

function tooLarge(cause: unknown): HoldfastError {
  return new HoldfastError('failed', 'there is not enough memory for the index of the repository', {
    hint: 'each blob needs about 64 bytes of memory',
    cause,
  });
}
