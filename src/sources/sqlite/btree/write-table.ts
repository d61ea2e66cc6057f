/** Writes the rows of a table that has none yet as pages of its file, full ones, in the order in which the rows come. */
import { ByteWriter } from '../../../kernel/bytes.ts';
import {
  headerPlaces,
  headerSizes,
  leastCell,
  localSize,
  pageNumberSize,
  pageTypes,
  writeUint16,
  writeUint32,
} from './cell-layout.ts';
import type { NewPages } from './new-pages.ts';
import { varintEnd, varintLength, writeVarint } from './varint.ts';

export interface TableWriter {
  /** The record of the row that was begun is to be appended here, and nothing else is to be changed. */
  readonly output: ByteWriter;
  /** The row's number is bytes[number, numberEnd), greater than the one before; `expected`: the record's length, perhaps. */
  beginRow(bytes: Uint8Array, number: number, numberEnd: number, expected: number): void;
  endRow(): void;
  finish(): void;
}

/** Pages of one height above the leaves that are not in a page yet: each with the number of its last row. */
interface Level {
  readonly pages: number[];
  readonly last: Uint8Array[];
}

/** The longest cell of an inner page, with its place: a page's number and a row's number. */
const innerCell = 2 + pageNumberSize + 9;

/** `root` is the table's only page, an empty one. */
export function createTableWriter(pages: NewPages, root: number): TableWriter {
  const { usable } = pages;
  /** the cells of the leaf that is being filled, as they will lie at its end */
  const output = new ByteWriter(2 * usable);
  const places = new Uint32Array(usable);
  let count = 0;
  let start = 0;
  let lengthSize = 0;
  let head = 0;
  const levels: Level[] = [];
  const childrenFit = Math.floor((usable - headerSizes.interior) / innerCell) + 1;

  const putPage = (target: number | undefined, fill: (page: Uint8Array) => void): number => {
    if (target === undefined) {
      const number = pages.next;
      fill(pages.add());
      return number;
    }
    const page = new Uint8Array(pages.pageSize);
    fill(page);
    pages.replace(target, page);
    return target;
  };

  /** Writes the cells that end where the last one begins. */
  const putLeaf = (end: number, target?: number): void => {
    const content = usable - end;
    const last = output.buffer;
    const number = varintEnd(last, places[count - 1]!);
    const key = last.slice(number, varintEnd(last, number));
    const page = putPage(target, (bytes) => {
      bytes[0] = pageTypes.leaf;
      writeUint16(bytes, headerPlaces.count, count);
      writeUint16(bytes, headerPlaces.content, content);
      for (let i = 0, at: number = headerSizes.leaf; i < count; i++, at += 2) {
        writeUint16(bytes, at, content + places[i]!);
      }
      bytes.set(last.subarray(0, end), content);
    });
    count = 0;
    if (target === undefined) addChild(0, page, key);
  };

  const addChild = (height: number, page: number, last: Uint8Array): void => {
    const level = (levels[height] ??= { pages: [], last: [] });
    level.pages.push(page);
    level.last.push(last);
    // so that what is left always fills at least half a page
    if (level.pages.length === 2 * childrenFit) putInner(height, childrenFit);
  };

  const putInner = (height: number, children: number, target?: number): void => {
    const numbers = levels[height]!.pages.splice(0, children);
    const keys = levels[height]!.last.splice(0, children);
    const page = putPage(target, (bytes) => {
      bytes[0] = pageTypes.interior;
      writeUint16(bytes, headerPlaces.count, children - 1);
      writeUint32(bytes, headerPlaces.lastChild, numbers[children - 1]!);
      let content = usable;
      for (let i = 0; i < children - 1; i++) {
        content -= pageNumberSize + keys[i]!.length;
        writeUint32(bytes, content, numbers[i]!);
        bytes.set(keys[i]!, content + pageNumberSize);
        writeUint16(bytes, headerSizes.interior + 2 * i, content);
      }
      writeUint16(bytes, headerPlaces.content, content);
    });
    if (target === undefined) addChild(height + 1, page, keys[children - 1]!);
  };

  /** Moves what does not fit into a leaf into pages of its own. */
  const spill = (record: number, local: number): void => {
    const end = output.length;
    const room = usable - pageNumberSize;
    output.length = record + local;
    const rest = output.buffer.subarray(output.length, end);
    const first = pages.next;
    for (let done = 0; done < rest.length; done += room) {
      const page = pages.add();
      page.set(rest.subarray(done, done + room), pageNumberSize);
      if (rest.length - done > room) writeUint32(page, 0, pages.next);
    }
    writeUint32(output.reserve(pageNumberSize), output.length, first);
    output.length += pageNumberSize;
  };

  return {
    output,
    beginRow(bytes, number, numberEnd, expected) {
      start = output.length;
      lengthSize = varintLength(expected);
      output.reserve(lengthSize);
      output.length += lengthSize;
      output.writeRange(bytes, number, numberEnd);
      head = output.length - start;
    },
    endRow() {
      const payload = output.length - start - head;
      const moved = varintLength(payload) - lengthSize;
      if (moved !== 0) {
        output.reserve(9).copyWithin(start + lengthSize + moved, start + lengthSize, output.length);
        output.length += moved;
      }
      writeVarint(output.buffer, start, payload);
      const local = localSize(payload, usable);
      if (local < payload) spill(start + head + moved, local);
      while (output.length < start + leastCell) output.writeByte(0);
      const size = output.length - start;
      if (headerSizes.leaf + 2 * (count + 1) + output.length > usable) {
        putLeaf(start);
        output.buffer.copyWithin(0, start, output.length);
        output.length = size;
        start = 0;
      }
      places[count++] = start;
    },
    finish() {
      if (count === 0) return;
      if (levels.length === 0) {
        putLeaf(output.length, root);
        return;
      }
      putLeaf(output.length);
      for (let height = 0; height < levels.length; height++) {
        const left = levels[height]!.pages.length;
        if (height === levels.length - 1 && left <= childrenFit) putInner(height, left, root);
        else if (left <= childrenFit) putInner(height, left);
        else {
          putInner(height, left >>> 1);
          putInner(height, levels[height]!.pages.length);
        }
      }
    },
  };
}
