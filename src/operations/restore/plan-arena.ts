/**
 * What is to be restored, as compact records in memory that all threads share: a file takes some hundred bytes, and
 * neither its name nor its metadata is ever copied from thread to thread.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import { fromGoMode } from '../../vaults/repository/format/go-mode.ts';
import type { ExtendedAttribute, Node, NodeType, Time } from '../../vaults/repository/format/node.ts';
import { decodeTail, encodeTail, type RecordTail } from './record-tail.ts';

/** Places of the fields of a record, in 32-bit words. A record is known by the index of its first word. */
const at = {
  type: 0,
  state: 1,
  /** blobs that are not written yet */
  remaining: 2,
  /** who creates the file: see `creation` */
  creation: 3,
  /** the record of the directory that it lies in */
  directory: 4,
  permissions: 5,
  uid: 6,
  gid: 7,
  mtime: 8,
  atime: 11,
  /** of a file; the device number of a device */
  size: 14,
  blobs: 16,
  nameLength: 17,
  tailLength: 18,
  /** not 0 when something of the file could not be restored, which was said */
  failed: 19,
} as const;
const headWords = 20;

const types: readonly NodeType[] = [
  'file',
  'dir',
  'symlink',
  'dev',
  'chardev',
  'fifo',
  'socket',
  'irregular',
];

/** What stands in a file's place. */
export const fileState = {
  /** nothing, or something that gives way */
  absent: 0,
  /** a regular file whose blobs are marked where they are right */
  partial: 1,
  /** the file itself: metadata alone is applied */
  same: 2,
  /** something that the overwrite policy leaves alone */
  kept: 3,
} as const;

/** How far the creation of a file is. */
export const creation = { none: 0, begun: 1, done: 2, failed: 3 } as const;

/** Set in a blob's word when the file on disk has it already. Entries of the index are smaller. */
const matchedBit = 1 << 30;

export interface RecordMetadata {
  /** 12 bits */
  readonly permissions: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly mtime: { readonly sec: number; readonly nsec: number };
  readonly atime: { readonly sec: number; readonly nsec: number };
  readonly xattrs: readonly ExtendedAttribute[];
}

const none = new Uint8Array(0);

export class PlanArena {
  readonly shared: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array;
  #used = 1;

  /** `shared`: of another thread, or a fresh one; its memory is touched only where records are. */
  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.words = new Int32Array(shared);
    this.#bytes = new Uint8Array(shared);
  }

  /** Bytes that records take. */
  get used(): number {
    return this.#used * 4;
  }

  /** Forgets all records. */
  clear(): void {
    this.words.fill(0, 0, this.#used);
    this.#used = 1;
  }

  /** Adds a directory by its raw path below the target, '' for the target itself. Bytes needed: its length + 8. */
  addDirectory(location: Uint8Array): number {
    const ref = this.#take(1 + Math.ceil(location.length / 4));
    this.words[ref] = location.length;
    this.#bytes.set(location, 4 * ref + 4);
    return ref;
  }

  /** Bytes that a record for this node may take at most. */
  static sizeOf(node: Node, name: Uint8Array): number {
    let tail = 32 + 4 * (node.user.length + node.group.length) + (node.linktarget?.length ?? 0);
    for (const xattr of node.xattrs) tail += 8 + 4 * xattr.name.length + xattr.value.length;
    return 4 * headWords + (node.content?.length ?? 0) / 8 + name.length + tail + 8;
  }

  /** Adds an entry; `entries` are the index entries of its blobs. `withNames`: owner and group are looked up by name. */
  add(
    node: Node,
    name: Uint8Array,
    directory: number,
    entries: readonly number[],
    withNames: boolean,
  ): number {
    const tail = encodeTail({
      user: withNames ? node.user : '',
      group: withNames ? node.group : '',
      linkTarget: node.linktarget ?? none,
      xattrs: node.xattrs,
    });
    const ref = this.#take(headWords + entries.length + Math.ceil((name.length + tail.length) / 4));
    const { words } = this;
    words[ref + at.type] = types.indexOf(node.type);
    words[ref + at.directory] = directory;
    words[ref + at.permissions] = fromGoMode(node.mode) & 0o7777;
    words[ref + at.uid] = node.uid;
    words[ref + at.gid] = node.gid;
    this.#setTime(ref + at.mtime, node.mtime);
    this.#setTime(ref + at.atime, node.atime);
    if (node.type === 'file') this.#setWide(ref + at.size, node.size);
    else {
      words[ref + at.size] = Number(BigInt.asIntN(32, node.device));
      words[ref + at.size + 1] = Number(BigInt.asIntN(32, node.device >> 32n));
    }
    words[ref + at.blobs] = entries.length;
    words[ref + at.nameLength] = name.length;
    words[ref + at.tailLength] = tail.length;
    words.set(entries, ref + headWords);
    const bytesAt = 4 * (ref + headWords + entries.length);
    this.#bytes.set(name, bytesAt);
    this.#bytes.set(tail, bytesAt + name.length);
    return ref;
  }

  /** The raw path of a directory record. */
  location(directory: number): Uint8Array<ArrayBuffer> {
    const start = 4 * directory + 4;
    return copyOf(this.#bytes, start, start + this.words[directory]!);
  }

  type(ref: number): NodeType {
    return types[this.words[ref + at.type]!]!;
  }

  directory(ref: number): number {
    return this.words[ref + at.directory]!;
  }

  name(ref: number): Uint8Array<ArrayBuffer> {
    const start = 4 * (ref + headWords + this.words[ref + at.blobs]!);
    return copyOf(this.#bytes, start, start + this.words[ref + at.nameLength]!);
  }

  /** The raw path below the target. */
  path(ref: number): Uint8Array<ArrayBuffer> {
    const location = this.location(this.directory(ref));
    return location.length === 0 ? this.name(ref) : joined(location, this.name(ref));
  }

  size(ref: number): number {
    return this.#wide(ref + at.size);
  }

  device(ref: number): bigint {
    const low = BigInt(this.words[ref + at.size]! >>> 0);
    return (BigInt(this.words[ref + at.size + 1]! >>> 0) << 32n) | low;
  }

  mtime(ref: number): { sec: number; nsec: number } {
    return this.#time(ref + at.mtime);
  }

  metadata(ref: number): RecordMetadata {
    const { words } = this;
    const tail = this.#tail(ref);
    return {
      permissions: words[ref + at.permissions]!,
      uid: words[ref + at.uid]! >>> 0,
      gid: words[ref + at.gid]! >>> 0,
      user: tail?.user ?? '',
      group: tail?.group ?? '',
      mtime: this.#time(ref + at.mtime),
      atime: this.#time(ref + at.atime),
      xattrs: tail?.xattrs ?? [],
    };
  }

  linkTarget(ref: number): Uint8Array {
    return this.#tail(ref)?.linkTarget ?? none;
  }

  blobCount(ref: number): number {
    return this.words[ref + at.blobs]!;
  }

  /** The index entry of a blob. */
  entry(ref: number, blob: number): number {
    return this.words[ref + headWords + blob]! & ~matchedBit;
  }

  isMatched(ref: number, blob: number): boolean {
    return (this.words[ref + headWords + blob]! & matchedBit) !== 0;
  }

  markMatched(ref: number, blob: number): void {
    this.words[ref + headWords + blob]! |= matchedBit;
  }

  clearMatches(ref: number): void {
    const start = ref + headWords;
    for (let i = start; i < start + this.blobCount(ref); i++) this.words[i]! &= ~matchedBit;
  }

  state(ref: number): number {
    return Atomics.load(this.words, ref + at.state);
  }

  setState(ref: number, state: number): void {
    Atomics.store(this.words, ref + at.state, state);
  }

  /** True when it had not failed before. */
  setFailed(ref: number): boolean {
    return Atomics.exchange(this.words, ref + at.failed, 1) === 0;
  }

  hasFailed(ref: number): boolean {
    return Atomics.load(this.words, ref + at.failed) !== 0;
  }

  setRemaining(ref: number, blobs: number): void {
    this.words[ref + at.remaining] = blobs;
  }

  remaining(ref: number): number {
    return this.words[ref + at.remaining]!;
  }

  /** One blob less to write; true when it was the last. */
  countDown(ref: number): boolean {
    return Atomics.sub(this.words, ref + at.remaining, 1) === 1;
  }

  /**
   * True when the caller is the one to create the file, and must call `created`; false when it is there. Waits while
   * another thread is at it: for worker threads only.
   */
  claimCreation(ref: number): boolean {
    const place = ref + at.creation;
    if (Atomics.compareExchange(this.words, place, creation.none, creation.begun) === creation.none)
      return true;
    while (Atomics.load(this.words, place) === creation.begun) {
      Atomics.wait(this.words, place, creation.begun);
    }
    return false;
  }

  created(ref: number, how: number): void {
    Atomics.store(this.words, ref + at.creation, how);
    Atomics.notify(this.words, ref + at.creation);
  }

  creationOf(ref: number): number {
    return Atomics.load(this.words, ref + at.creation);
  }

  #take(words: number): number {
    const ref = this.#used;
    if (ref + words > this.words.length) {
      throw new HoldfastError('failed', 'the plan of a restore is larger than the memory set aside for it');
    }
    this.#used += words;
    return ref;
  }

  #tail(ref: number): RecordTail | undefined {
    const length = this.words[ref + at.tailLength]!;
    if (length === 0) return undefined;
    const start = 4 * (ref + headWords + this.blobCount(ref)) + this.words[ref + at.nameLength]!;
    return decodeTail(copyOf(this.#bytes, start, start + length));
  }

  #setTime(place: number, { sec, nsec }: Time): void {
    this.#setWide(place, sec);
    this.words[place + 2] = nsec;
  }

  #time(place: number): { sec: number; nsec: number } {
    return { sec: this.#wide(place), nsec: this.words[place + 2]! };
  }

  #setWide(place: number, value: number): void {
    this.words[place] = value | 0;
    this.words[place + 1] = Math.floor(value / 2 ** 32);
  }

  #wide(place: number): number {
    return this.words[place + 1]! * 2 ** 32 + (this.words[place]! >>> 0);
  }
}

function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(end - start);
  out.set(bytes.subarray(start, end));
  return out;
}

function joined(location: Uint8Array, name: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(location.length + 1 + name.length);
  out.set(location);
  out[location.length] = 0x2f;
  out.set(name, location.length + 1);
  return out;
}
