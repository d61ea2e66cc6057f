/** Headers of tar archives as anybody writes them: v7, ustar, GNU's and POSIX's own, each block by itself. */
import type { DeviceNumbers } from './device-number.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { tarBlock } from './header.ts';

export interface RawHeader {
  /** one character; `0` where old programs have none */
  readonly flag: string;
  readonly name: Uint8Array;
  readonly linkname: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  readonly size: number;
  readonly mtime: number;
  readonly device: DeviceNumbers;
  /** the header itself */
  readonly block: Uint8Array;
}

const checksumAt = 148;
const checksumEnd = 156;

/** Undefined for a block of zeros, which ends the archive. Code `corrupt`. */
export function readRawHeader(block: Uint8Array): RawHeader | undefined {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < tarBlock; i++) {
    const byte = i >= checksumAt && i < checksumEnd ? 0x20 : block[i]!;
    unsigned += byte;
    // some old programs took bytes for signed
    signed += byte > 127 ? byte - 256 : byte;
  }
  if (unsigned === 8 * 0x20 && block.every((byte) => byte === 0)) return undefined;
  const sum = readNumber(block.subarray(checksumAt, checksumEnd));
  if (sum !== unsigned && sum !== signed) throw damaged('the checksum of a header does not match');
  const magic = Buffer.from(block.subarray(257, 263)).toString('latin1');
  const isUstar = magic.startsWith('ustar');
  const name = field(block, 0, 100);
  // GNU's has times in that place
  const prefix = magic === 'ustar\0' ? field(block, 345, 155) : new Uint8Array(0);
  const type = String.fromCharCode(block[156]!);
  const device = { major: readNumber(block.subarray(329, 337)), minor: readNumber(block.subarray(337, 345)) };
  return {
    flag: type === '\0' || type === '7' ? (name.at(-1) === 0x2f ? '5' : '0') : type,
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    linkname: field(block, 157, 100),
    mode: readNumber(block.subarray(100, 108)),
    uid: readNumber(block.subarray(108, 116)),
    gid: readNumber(block.subarray(116, 124)),
    uname: isUstar ? Buffer.from(field(block, 265, 32)).toString() : '',
    gname: isUstar ? Buffer.from(field(block, 297, 32)).toString() : '',
    size: readNumber(block.subarray(124, 136)),
    mtime: readNumber(block.subarray(136, 148)),
    device: isUstar ? device : { major: 0, minor: 0 },
    block,
  };
}

/** Octal digits, or the bytes of a number when the first bit is set. */
export function readNumber(bytes: Uint8Array): number {
  if ((bytes[0]! & 0x80) !== 0) {
    const negative = (bytes[0]! & 0x40) !== 0;
    let value = BigInt(negative ? bytes[0]! - 256 : bytes[0]! & 0x3f);
    for (const byte of bytes.subarray(1)) value = value * 256n + BigInt(byte);
    return Number(value);
  }
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\0', ' ').trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw damaged('a number in a header makes no sense');
  return Number.parseInt(text, 8);
}

/** `LENGTH KEY=VALUE\n`, many times; those of one key that comes several times in their order. Code `corrupt`. */
export function readPaxRecords(bytes: Uint8Array): readonly (readonly [string, Uint8Array])[] {
  const records: (readonly [string, Uint8Array])[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(Buffer.from(bytes.subarray(at, Math.max(space, at))).toString('latin1'));
    const end = at + length;
    const equals = bytes.indexOf(0x3d, space);
    if (!Number.isInteger(length) || space < 0 || equals < 0 || equals >= end || bytes[end - 1] !== 0x0a) {
      throw damaged('an extended header makes no sense');
    }
    records.push([
      Buffer.from(bytes.subarray(space + 1, equals)).toString(),
      bytes.slice(equals + 1, end - 1),
    ]);
    at = end;
  }
  return records;
}

export function damaged(why: string): HoldfastError {
  return new HoldfastError('corrupt', `the tar archive is damaged: ${why}`);
}

/** Up to the first zero byte. */
function field(block: Uint8Array, at: number, length: number): Uint8Array {
  const bytes = block.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return bytes.slice(0, end < 0 ? length : end);
}
