/** What stat answers, as records of 96 bytes: a million of them take 96 MB, cross threads for nothing and are decoded one field at a time. */
import type { BigIntStats } from 'node:fs';

export const RECORD_BYTES = 96;
/** 32-bit words a record */
export const RECORD_WORDS = RECORD_BYTES / 4;

/** Places of the fields, in 32-bit words; the first seven are 64 bits wide. Byte order is the machine's. */
const at = {
  inode: 0,
  device: 2,
  rdev: 4,
  size: 6,
  atime: 8,
  mtime: 10,
  ctime: 12,
  atimeNsec: 14,
  mtimeNsec: 15,
  ctimeNsec: 16,
  mode: 17,
  uid: 18,
  gid: 19,
  links: 20,
  nameOffset: 21,
  /** low half: length of the name; high half: the errno with which stat failed */
  nameLength: 22,
  blocks: 23,
} as const;

export const FORMAT_MASK = 0o170000;
export const FORMAT_DIRECTORY = 0o040000;
export const FORMAT_FILE = 0o100000;
export const FORMAT_SYMLINK = 0o120000;
export const FORMAT_BLOCK = 0o060000;
export const FORMAT_CHARACTER = 0o020000;
export const FORMAT_FIFO = 0o010000;
export const FORMAT_SOCKET = 0o140000;

/** Reads records. Sizes and seconds are numbers: exact up to 2^53. */
export class StatRecords {
  readonly count: number;
  readonly #words: Uint32Array;
  readonly #signed: Int32Array;

  constructor(records: ArrayBufferLike, count = records.byteLength / RECORD_BYTES) {
    this.count = count;
    this.#words = new Uint32Array(records);
    this.#signed = new Int32Array(records);
  }

  /** st_mode: format and permission bits */
  mode(i: number): number {
    return this.#words[i * RECORD_WORDS + at.mode]!;
  }
  isDirectory(i: number): boolean {
    return (this.mode(i) & FORMAT_MASK) === FORMAT_DIRECTORY;
  }
  isFile(i: number): boolean {
    return (this.mode(i) & FORMAT_MASK) === FORMAT_FILE;
  }
  size(i: number): number {
    return this.#wide(i, at.size);
  }
  uid(i: number): number {
    return this.#words[i * RECORD_WORDS + at.uid]!;
  }
  gid(i: number): number {
    return this.#words[i * RECORD_WORDS + at.gid]!;
  }
  links(i: number): number {
    return this.#words[i * RECORD_WORDS + at.links]!;
  }
  inode(i: number): bigint {
    return this.#big(i, at.inode);
  }
  device(i: number): bigint {
    return this.#big(i, at.device);
  }
  /** the device that a device file stands for, as st_rdev has it */
  rdev(i: number): bigint {
    return this.#big(i, at.rdev);
  }
  atimeSec(i: number): number {
    return this.#wide(i, at.atime);
  }
  atimeNsec(i: number): number {
    return this.#words[i * RECORD_WORDS + at.atimeNsec]!;
  }
  mtimeSec(i: number): number {
    return this.#wide(i, at.mtime);
  }
  mtimeNsec(i: number): number {
    return this.#words[i * RECORD_WORDS + at.mtimeNsec]!;
  }
  ctimeSec(i: number): number {
    return this.#wide(i, at.ctime);
  }
  ctimeNsec(i: number): number {
    return this.#words[i * RECORD_WORDS + at.ctimeNsec]!;
  }
  /** allocated blocks of 512 bytes; fewer than the size needs means holes */
  blocks(i: number): number {
    return this.#words[i * RECORD_WORDS + at.blocks]!;
  }
  nameOffset(i: number): number {
    return this.#words[i * RECORD_WORDS + at.nameOffset]!;
  }
  nameLength(i: number): number {
    return this.#words[i * RECORD_WORDS + at.nameLength]! & 0xffff;
  }
  /** positive errno with which stat failed for this entry (nothing but its name is known then); 0 when it did not */
  error(i: number): number {
    return this.#words[i * RECORD_WORDS + at.nameLength]! >>> 16;
  }
  /** True when nothing differs but names and what reading alone changes: the access time, and blocks on their way to the disk. */
  sameState(i: number, other: StatRecords, j: number): boolean {
    const mine = i * RECORD_WORDS;
    const its = j * RECORD_WORDS;
    for (let word = 0; word < at.nameOffset; word++) {
      if (this.#words[mine + word] === other.#words[its + word]) continue;
      if (word !== at.atime && word !== at.atime + 1 && word !== at.atimeNsec) return false;
    }
    return true;
  }
  /** Copies record `i` to `out`, as 32-bit words from `to` on, without what reading alone changes. */
  copyState(i: number, out: Uint32Array, to: number): void {
    const from = i * RECORD_WORDS;
    for (let word = 0; word < at.blocks; word++) out[to + word] = this.#words[from + word]!;
    out[to + at.atime] = out[to + at.atime + 1] = out[to + at.atimeNsec] = out[to + at.blocks] = 0;
  }
  sameInode(i: number, other: StatRecords, j: number): boolean {
    return this.inode(i) === other.inode(j) && this.device(i) === other.device(j);
  }

  #wide(i: number, field: number): number {
    const word = i * RECORD_WORDS + field;
    return this.#signed[word + high]! * 0x1_0000_0000 + this.#words[word + low]!;
  }
  #big(i: number, field: number): bigint {
    const word = i * RECORD_WORDS + field;
    return (BigInt(this.#words[word + high]!) << 32n) | BigInt(this.#words[word + low]!);
  }
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const low = littleEndian ? 0 : 1;
const high = 1 - low;

/** Fills record `i` of `words` from the kernel's struct statx. */
export function recordFromStatx(words: Int32Array, i: number, statx: Int32Array): void {
  const o = i * RECORD_WORDS;
  words[o + at.inode] = statx[8]!;
  words[o + at.inode + 1] = statx[9]!;
  setDevice(words, o + at.device, statx[34]!, statx[35]!);
  setDevice(words, o + at.rdev, statx[32]!, statx[33]!);
  words[o + at.size] = statx[10]!;
  words[o + at.size + 1] = statx[11]!;
  words[o + at.atime] = statx[16]!;
  words[o + at.atime + 1] = statx[17]!;
  words[o + at.mtime] = statx[28]!;
  words[o + at.mtime + 1] = statx[29]!;
  words[o + at.ctime] = statx[24]!;
  words[o + at.ctime + 1] = statx[25]!;
  words[o + at.atimeNsec] = statx[18]!;
  words[o + at.mtimeNsec] = statx[30]!;
  words[o + at.ctimeNsec] = statx[26]!;
  words[o + at.mode] = modeFromStatx(statx);
  words[o + at.uid] = statx[5]!;
  words[o + at.gid] = statx[6]!;
  words[o + at.links] = statx[4]!;
  words[o + at.blocks] = statx[12 + high]! === 0 ? statx[12 + low]! : -1;
}

/** st_mode in struct statx. */
export function modeFromStatx(statx: Int32Array): number {
  return littleEndian ? statx[7]! & 0xffff : statx[7]! >>> 16;
}

/** st_dev from the major and minor numbers, as makedev(3) joins them. */
function setDevice(words: Int32Array, word: number, major: number, minor: number): void {
  words[word + low] = (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12);
  words[word + high] = (minor >>> 20) | (major & ~0xfff);
}

/** Fills record `i` from node's stat; nanoseconds are exact in the bigint form. */
export function recordFromNode(words: Int32Array, i: number, stat: BigIntStats): void {
  const o = i * RECORD_WORDS;
  const wide = (field: number, value: bigint) => {
    words[o + field + low] = Number(BigInt.asIntN(32, value));
    words[o + field + high] = Number(BigInt.asIntN(32, value >> 32n));
  };
  const time = (field: number, nsecField: number, ns: bigint) => {
    const nsec = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    wide(field, (ns - nsec) / 1_000_000_000n);
    words[o + nsecField] = Number(nsec);
  };
  wide(at.inode, stat.ino);
  wide(at.device, stat.dev);
  wide(at.rdev, stat.rdev);
  wide(at.size, stat.size);
  time(at.atime, at.atimeNsec, stat.atimeNs);
  time(at.mtime, at.mtimeNsec, stat.mtimeNs);
  time(at.ctime, at.ctimeNsec, stat.ctimeNs);
  words[o + at.mode] = Number(stat.mode);
  words[o + at.uid] = Number(stat.uid);
  words[o + at.gid] = Number(stat.gid);
  words[o + at.links] = Number(stat.nlink);
  words[o + at.blocks] = stat.blocks < 0xffff_ffffn ? Number(stat.blocks) : -1;
}

/** Says where the name of record `i` lies, and the errno when stat failed. */
export function setRecordName(
  words: Int32Array,
  i: number,
  offset: number,
  length: number,
  errno: number,
): void {
  words[i * RECORD_WORDS + at.nameOffset] = offset;
  words[i * RECORD_WORDS + at.nameLength] = length | (errno << 16);
}
