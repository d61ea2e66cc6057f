/** Headers of tar archives, as Go's archive/tar writes them: ustar where that is enough, PAX records where it is not. */
import type { DeviceNumbers } from './device-number.ts';

/** a `link` is another name of a file that came before */
export type TarType = 'file' | 'dir' | 'symlink' | 'link' | 'chardev' | 'dev' | 'fifo';

export interface TarEntry {
  readonly type: TarType;
  /** raw bytes, without a leading slash; a directory ends with one */
  readonly name: Uint8Array;
  readonly linkname: Uint8Array;
  /** permission bits with setuid, setgid and sticky, as in stat(2) */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  /** bytes of content that follow */
  readonly size: number;
  /** whole seconds since 1970 */
  readonly mtime: number;
  /** nanoseconds behind them; 0 when undefined */
  readonly mtimeNsec?: number;
  /** of `chardev` and `dev` */
  readonly device?: DeviceNumbers;
  /** further PAX records */
  readonly records: ReadonlyMap<string, Uint8Array>;
}

export const tarBlock = 512;
const typeFlags: Record<TarType, string> = {
  file: '0',
  link: '1',
  symlink: '2',
  chardev: '3',
  dev: '4',
  dir: '5',
  fifo: '6',
};
const paxFlag = 'x';
const longestName = 100;
const longestPrefix = 155;

/** The header blocks of an entry. Its content follows, then zeros up to a multiple of 512 bytes. */
export function encodeTarHeader(entry: TarEntry): Uint8Array {
  const records = new Map<string, Uint8Array>();
  let ustar = entry.records.size === 0;
  const text = (key: string, value: Uint8Array, room: number): void => {
    if (isAscii(value) && value.length <= room) return;
    if (key !== 'path' || !splitName(value)) ustar = false;
    records.set(key, value);
  };
  const number = (key: string, value: number, room: number): void => {
    if (value >= 0 && value < 8 ** (room - 1)) return;
    ustar = false;
    records.set(key, Buffer.from(String(value)));
  };
  text('path', entry.name, longestName);
  text('linkpath', entry.linkname, longestName);
  text('uname', Buffer.from(entry.uname), 32);
  text('gname', Buffer.from(entry.gname), 32);
  number('size', entry.size, 12);
  number('uid', entry.uid, 8);
  number('gid', entry.gid, 8);
  number('mtime', entry.mtime, 12);
  if (entry.mtimeNsec) {
    ustar = false;
    records.set('mtime', Buffer.from(decimalTime(entry.mtime, entry.mtimeNsec)));
  }
  for (const [key, value] of entry.records) records.set(key, value);

  const flag = typeFlags[entry.type];
  const fields = { ...entry, uname: Buffer.from(entry.uname), gname: Buffer.from(entry.gname) };
  if (ustar) {
    const split = entry.name.length > longestName ? splitName(entry.name) : undefined;
    return headerBlock({ ...fields, ...split }, flag);
  }
  const body = paxBody(records);
  return Buffer.concat([
    headerBlock({ ...noFields, name: paxName(entry.name), size: body.length }, paxFlag),
    body,
    new Uint8Array(paddingOf(body.length)),
    headerBlock(fields, flag),
  ]);
}

/** `-0.5` is half a second before 1970, whose whole second is -1. */
function decimalTime(sec: number, nsec: number): string {
  const [whole, part, sign] = sec < 0 ? [-sec - 1, 1_000_000_000 - nsec, '-'] : [sec, nsec, ''];
  return `${sign}${whole}.${String(part).padStart(9, '0')}`.replace(/0+$/, '');
}

/** Zero bytes after `size` bytes of content. */
export function paddingOf(size: number): number {
  return (tarBlock - (size % tarBlock)) % tarBlock;
}

interface Fields {
  readonly name: Uint8Array;
  readonly prefix?: Uint8Array;
  readonly linkname: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly uname: Uint8Array;
  readonly gname: Uint8Array;
  readonly device?: TarEntry['device'];
}

const nothing = new Uint8Array(0);
const noFields: Fields = {
  name: nothing,
  linkname: nothing,
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  uname: nothing,
  gname: nothing,
};

function headerBlock(fields: Fields, flag: string): Buffer {
  const block = Buffer.alloc(tarBlock);
  const text = (at: number, room: number, value: Uint8Array): void => {
    const ascii = asciiOf(value).subarray(0, room);
    block.set(ascii, at);
    // a cut name that ends with a slash would make a directory of a file for old readers
    if (value.length > room && ascii.at(-1) === 0x2f) block[at + trimmedLength(ascii)] = 0;
  };
  const octal = (at: number, room: number, value: number): void => {
    const digits = value >= 0 && value < 8 ** (room - 1) ? value : 0;
    block.write(digits.toString(8).padStart(room - 1, '0'), at, 'latin1');
  };
  text(0, 100, fields.name);
  octal(100, 8, fields.mode);
  octal(108, 8, fields.uid);
  octal(116, 8, fields.gid);
  octal(124, 12, fields.size);
  octal(136, 12, fields.mtime);
  block.write(flag, 156, 'latin1');
  text(157, 100, fields.linkname);
  block.write('ustar\x0000', 257, 'latin1');
  text(265, 32, fields.uname);
  text(297, 32, fields.gname);
  if (flag !== paxFlag) {
    octal(329, 8, fields.device?.major ?? 0);
    octal(337, 8, fields.device?.minor ?? 0);
  }
  if (fields.prefix) text(345, longestPrefix, fields.prefix);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function trimmedLength(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0x2f) end--;
  return end;
}

/** The name in two parts at a slash, as ustar holds long ones; undefined when there is no such slash. */
function splitName(name: Uint8Array): { prefix: Uint8Array; name: Uint8Array } | undefined {
  if (name.length <= longestName || !isAscii(name)) return undefined;
  const searched = name.subarray(0, Math.min(name.length, longestPrefix + 1));
  const end =
    searched.length === name.length && name.at(-1) === 0x2f ? searched.length - 2 : searched.length - 1;
  const slash = searched.lastIndexOf(0x2f, end);
  const rest = name.length - slash - 1;
  if (slash <= 0 || rest === 0 || rest > longestName || slash > longestPrefix) return undefined;
  return { prefix: name.subarray(0, slash), name: name.subarray(slash + 1) };
}

/** `dir/PaxHeaders.0/file`, cut to what the field holds. */
function paxName(name: Uint8Array): Uint8Array {
  const slash = name.lastIndexOf(0x2f);
  const whole = [name.subarray(0, slash + 1), Buffer.from('PaxHeaders.0/'), name.subarray(slash + 1)];
  const cut = asciiOf(Buffer.concat(whole)).subarray(0, longestName);
  return cut.subarray(0, trimmedLength(cut));
}

function paxBody(records: ReadonlyMap<string, Uint8Array>): Buffer {
  const sorted = [...records].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.concat(sorted.map(([key, value]) => paxRecord(key, value)));
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function asciiOf(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte) => byte < 0x80 && byte !== 0);
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80 && byte !== 0);
}
