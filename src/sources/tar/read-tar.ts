/** Reads a tar archive, whoever made it, entry by entry as it passes. */
import type { DeviceNumbers } from './device-number.ts';
import { type ByteQueue, queueOf } from '../../kernel/byte-queue.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { paddingOf, tarBlock, type TarType } from './header.ts';
import { damaged, type RawHeader, readPaxRecords, readRawHeader } from './read-header.ts';
import { readSparseMap, type SparseMap } from './sparse.ts';

export interface TarMember {
  readonly type: TarType;
  /** raw, as it stands there: nobody has looked whether it is safe */
  readonly name: Uint8Array;
  /** of links, just as raw */
  readonly linkname: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  readonly mtime: { readonly sec: number; readonly nsec: number };
  readonly device: DeviceNumbers;
  /** of the file, its holes included */
  readonly size: number;
  readonly sparse: boolean;
  /** PAX records */
  readonly records: ReadonlyMap<string, Uint8Array>;
  /** The bytes of a file with their places, valid until the next piece; what is not read is passed over. */
  content(): AsyncIterable<{ readonly position: number; readonly bytes: Uint8Array }>;
}

const types: Readonly<Record<string, TarType>> = {
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'chardev',
  '4': 'dev',
  '5': 'dir',
  '6': 'fifo',
  S: 'file',
};
/** Names, attributes and ACLs are not longer, bytes. */
const longestExtension = 64 * 1024 * 1024;

/**
 * The entries in their order. Reads on to the end of the bytes behind the end of the archive, so that whoever checks
 * those has seen them all. Codes `corrupt`, `truncated`, `unsupported`.
 */
export async function* readTar(
  bytes: AsyncIterable<Uint8Array>,
  warn: (message: string) => void,
): AsyncGenerator<TarMember, void, void> {
  await using queue = queueOf(bytes);
  const global = new Map<string, Uint8Array>();
  let records: (readonly [string, Uint8Array])[] = [];
  let longName: Uint8Array | undefined;
  let longLink: Uint8Array | undefined;
  for (let first = true; ; first = false) {
    const block = await queue.read(tarBlock);
    if (block.length < tarBlock) throw first && block.length > 0 ? noTar() : endsEarly();
    const header = read(block, first);
    if (!header) break;
    const { flag } = header;
    if (flag === 'x' || flag === 'g') {
      const found = readPaxRecords(await extension(queue, header.size));
      if (flag === 'x') records.push(...found);
      else for (const [key, value] of found) global.set(key, value);
    } else if (flag === 'L') {
      longName = withoutZero(await extension(queue, header.size));
    } else if (flag === 'K') {
      longLink = withoutZero(await extension(queue, header.size));
    } else {
      const type = types[flag];
      if (type === undefined) {
        warn(
          `${Buffer.from(longName ?? header.name).toString()} is of a kind that is passed over: "${flag}"`,
        );
        await skip(queue, header.size + paddingOf(header.size));
      } else {
        const all = [...global, ...records];
        const map = type === 'file' ? await readSparseMap(header, all, queue) : undefined;
        yield* member(queue, header, type, all, map, longName, longLink);
      }
      records = [];
      longName = undefined;
      longLink = undefined;
    }
  }
  while ((await queue.some(longestExtension)).length > 0);
}

function read(block: Uint8Array, first: boolean): RawHeader | undefined {
  try {
    return readRawHeader(block);
  } catch (error) {
    throw first ? noTar(error) : error;
  }
}

/** The entry, and behind it whatever nobody read of its content. */
async function* member(
  queue: ByteQueue,
  header: RawHeader,
  type: TarType,
  all: readonly (readonly [string, Uint8Array])[],
  map: SparseMap | undefined,
  longName: Uint8Array | undefined,
  longLink: Uint8Array | undefined,
): AsyncGenerator<TarMember, void, void> {
  const records = new Map(all);
  const text = (key: string): string | undefined => {
    const value = records.get(key);
    return value && Buffer.from(value).toString();
  };
  const size = map?.realSize ?? numberIn(text('size'), header.size);
  const stored = map?.stored ?? size;
  let left = stored;

  async function* content(): AsyncGenerator<{ position: number; bytes: Uint8Array }, void, void> {
    for (const part of map?.parts ?? [{ at: 0, size }]) {
      for (let done = 0; done < part.size;) {
        const bytes = await queue.some(part.size - done);
        if (bytes.length === 0) throw endsEarly();
        left -= bytes.length;
        yield { position: part.at + done, bytes };
        done += bytes.length;
      }
    }
  }

  yield {
    type,
    name: records.get('GNU.sparse.name') ?? records.get('path') ?? longName ?? header.name,
    linkname: records.get('linkpath') ?? longLink ?? header.linkname,
    mode: header.mode & 0o7777,
    uid: numberIn(text('uid'), header.uid),
    gid: numberIn(text('gid'), header.gid),
    uname: text('uname') ?? header.uname,
    gname: text('gname') ?? header.gname,
    mtime: timeIn(text('mtime'), header.mtime),
    device: header.device,
    size: type === 'file' ? size : 0,
    sparse: map !== undefined,
    records,
    content,
  };
  await skip(queue, left + paddingOf(stored));
}

/** What stands between the headers of one entry. */
async function extension(queue: ByteQueue, size: number): Promise<Uint8Array> {
  if (size > longestExtension) throw damaged('an extended header is too long');
  const bytes = await queue.read(size);
  if (bytes.length < size) throw endsEarly();
  await skip(queue, paddingOf(size));
  return bytes;
}

async function skip(queue: ByteQueue, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const { length } = await queue.some(left);
    if (length === 0) throw endsEarly();
    left -= length;
  }
}

function withoutZero(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
}

function numberIn(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw damaged('a number in an extended header makes no sense');
  return value;
}

/** `-0.5` is half a second before 1970. */
function timeIn(text: string | undefined, otherwise: number): TarMember['mtime'] {
  if (text === undefined) return { sec: otherwise, nsec: 0 };
  const [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === undefined) throw damaged('a time makes no sense');
  const nsec = Number(part.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return { sec: Number(whole), nsec };
  return nsec === 0 ? { sec: -Number(whole), nsec } : { sec: -Number(whole) - 1, nsec: 1_000_000_000 - nsec };
}

function endsEarly(): HoldfastError {
  return new HoldfastError('truncated', 'the tar archive ends early');
}

function noTar(cause?: unknown): HoldfastError {
  return new HoldfastError('corrupt', 'this is no tar archive', { cause });
}
