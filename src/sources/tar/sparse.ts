/** Where the bytes of a sparse file belong, in the four ways in which GNU tar and bsdtar have said so. */
import type { ByteQueue } from '../../kernel/byte-queue.ts';
import { tarBlock } from './header.ts';
import { damaged, type RawHeader, readNumber } from './read-header.ts';

export interface SparseMap {
  /** of the file with its holes, bytes */
  readonly realSize: number;
  /** in their order, without overlaps */
  readonly parts: readonly { readonly at: number; readonly size: number }[];
  /** bytes of the archive that are left for the parts */
  readonly stored: number;
}

type Records = readonly (readonly [string, Uint8Array])[];

/** What the headers say of a sparse file; undefined for one that is none. The queue stands behind the header. */
export async function readSparseMap(
  header: RawHeader,
  records: Records,
  queue: ByteQueue,
): Promise<SparseMap | undefined> {
  const last = (key: string): string | undefined => {
    const found = records.findLast(([name]) => name === key);
    return found && Buffer.from(found[1]).toString();
  };
  const size = Number(last('size') ?? header.size);
  if (header.flag === 'S') return readOld(header, size, queue);
  const realSize = Number(last('GNU.sparse.realsize') ?? last('GNU.sparse.size'));
  if (last('GNU.sparse.major') === '1') return readInContent(realSize, size, queue);
  const map = last('GNU.sparse.map');
  const numbers =
    map === undefined
      ? records
          .filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes')
          .map(([, value]) => Number(Buffer.from(value).toString()))
      : map.split(',').map(Number);
  return numbers.length === 0 ? undefined : checked(numbers, realSize, size);
}

/** In the header, and in further blocks. */
async function readOld(header: RawHeader, stored: number, queue: ByteQueue): Promise<SparseMap> {
  const numbers: number[] = [];
  const take = (block: Uint8Array, from: number, count: number): void => {
    for (let i = 0; i < count * 2; i++) {
      const bytes = block.subarray(from + i * 12, from + i * 12 + 12);
      // one that is not there
      if (i % 2 === 0 && bytes[0] === 0) return;
      numbers.push(readNumber(bytes));
    }
  };
  take(header.block, 386, 4);
  for (let more = header.block[482]! !== 0; more;) {
    const block = await queue.read(tarBlock);
    if (block.length < tarBlock) throw damaged('it ends among the holes of a file');
    take(block, 0, 21);
    more = block[504]! !== 0;
  }
  return checked(numbers, readNumber(header.block.subarray(483, 495)), stored);
}

/** Decimal numbers, one a line, in blocks before the content. */
async function readInContent(realSize: number, size: number, queue: ByteQueue): Promise<SparseMap> {
  let text = '';
  let read = 0;
  let wanted = 1;
  let lines: string[] = [];
  while (lines.length < wanted) {
    const block = read < size ? await queue.read(tarBlock) : new Uint8Array(0);
    if (block.length < tarBlock) throw damaged('it ends among the holes of a file');
    read += tarBlock;
    text += Buffer.from(block).toString('latin1');
    lines = text.split('\n').slice(0, -1);
    wanted = 1 + 2 * Number(lines[0] ?? 0);
    if (!Number.isSafeInteger(wanted)) throw damaged('the holes of a file make no sense');
  }
  return checked(lines.slice(1, wanted).map(Number), realSize, size - read);
}

function checked(numbers: readonly number[], realSize: number, stored: number): SparseMap {
  const parts: { at: number; size: number }[] = [];
  let end = 0;
  let total = 0;
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const [at, size] = [numbers[i]!, numbers[i + 1]!];
    if (!(at >= end && size >= 0 && at + size <= realSize))
      throw damaged('the holes of a file make no sense');
    end = at + size;
    total += size;
    parts.push({ at, size });
  }
  if (!Number.isSafeInteger(realSize) || total > stored) throw damaged('the holes of a file make no sense');
  return { realSize, parts, stored };
}
