/** Reads a table's rows out of the pages of a file, in their order: SQLite hands them over a value at a time, at a high price. */
import { ByteWriter } from '../../../kernel/bytes.ts';
import {
  headerPlaces,
  headerSizes,
  localSize,
  pageNumberSize,
  pageTypes,
  readUint16,
  readUint32,
} from './cell-layout.ts';
import type { StoredPages } from './stored-pages.ts';
import { readVarint, varintEnd } from './varint.ts';

/** Where one row lies; the same object for every row. */
export interface StoredRow {
  /** the number of the row is page[number, numberEnd), as it is written there */
  page: Uint8Array;
  number: number;
  numberEnd: number;
  /** its record is bytes[start, end): of the page, or memory that the next row uses as well */
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Some of a table's rows. */
export interface Leaf {
  readonly count: number;
  /** Valid until the next leaf is asked for. */
  row(index: number): StoredRow;
}

/** As deep as SQLite goes. */
const deepest = 20;
/** Pages that follow each other are read at once. */
const readAhead = 64 * 1024;

/** The leaves of the table whose root is this page, from the first row to the last. Code `corrupt`. */
export function* readTable(pages: StoredPages, root: number): Generator<Leaf> {
  const leaf = createLeaf(pages);
  const most = Math.max(1, readAhead / pages.pageSize);
  const memories: Uint8Array[] = [];
  let visited = 0;
  yield* visit([root], 0);

  function* visit(numbers: readonly number[], depth: number): Generator<Leaf> {
    visited += numbers.length;
    if (depth > deepest || visited > pages.count) {
      throw pages.damaged(`the table at page ${root} has pages within each other`);
    }
    const memory = (memories[depth] ??= new Uint8Array(most * pages.pageSize));
    for (let next = 0; next < numbers.length;) {
      const from = next;
      const first = numbers[from]!;
      while (next < numbers.length && next - from < most && numbers[next] === first + next - from) next++;
      pages.read(first, memory.subarray(0, (next - from) * pages.pageSize));
      for (let i = 0; i < next - from; i++) {
        const start = i * pages.pageSize;
        if (memory[start] === pageTypes.leaf) {
          leaf.open(memory, start);
          yield leaf;
        } else if (memory[start] === pageTypes.interior) {
          yield* visit(children(memory, start), depth + 1);
        } else throw pages.damaged(`page ${first + i} is none of a table`);
      }
    }
  }

  function children(memory: Uint8Array, start: number): number[] {
    const found: number[] = [];
    const count = countCells(pages, memory, start, headerSizes.interior);
    for (let i = 0; i < count; i++) {
      const place = readUint16(memory, start + headerSizes.interior + 2 * i);
      if (place > pages.usable - pageNumberSize) throw pages.damaged('a page has a cell outside of it');
      found.push(readUint32(memory, start + place));
    }
    found.push(readUint32(memory, start + headerPlaces.lastChild));
    return found;
  }
}

function countCells(pages: StoredPages, memory: Uint8Array, start: number, header: number): number {
  const count = readUint16(memory, start + headerPlaces.count);
  if (header + 2 * count > pages.usable) throw pages.damaged('a page has more cells than fit');
  return count;
}

function createLeaf(pages: StoredPages): Leaf & { open(memory: Uint8Array, start: number): void } {
  const { usable } = pages;
  const long = new ByteWriter();
  const further = new Uint8Array(pages.pageSize);
  let memory = further;
  let start = 0;
  let count = 0;
  const row: StoredRow = { page: memory, number: 0, numberEnd: 0, bytes: memory, start: 0, end: 0 };

  /** Puts a row together of which pages of its own hold the rest. */
  const gather = (from: number, payload: number, local: number): void => {
    long.length = 0;
    long.writeRange(memory, from, from + local);
    for (let number = readUint32(memory, from + local); long.length < payload;) {
      pages.read(number, further);
      const size = Math.min(payload - long.length, usable - pageNumberSize);
      long.writeRange(further, pageNumberSize, pageNumberSize + size);
      number = readUint32(further, 0);
    }
    row.bytes = long.buffer;
    row.start = 0;
    row.end = payload;
  };

  return {
    get count() {
      return count;
    },
    open(inside, place) {
      memory = inside as Uint8Array<ArrayBuffer>;
      start = place;
      count = countCells(pages, memory, start, headerSizes.leaf);
    },
    row(index) {
      const cell = start + readUint16(memory, start + headerSizes.leaf + 2 * index);
      const payload = readVarint(memory, cell);
      const number = varintEnd(memory, cell);
      const from = varintEnd(memory, number);
      const local = localSize(payload, usable);
      if (from + local > start + usable || payload > pages.count * usable)
        throw pages.damaged('a page has a cell outside of it');
      row.page = memory;
      row.number = number;
      row.numberEnd = from;
      if (local < payload) gather(from, payload, local);
      else {
        row.bytes = memory;
        row.start = from;
        row.end = from + payload;
      }
      return row;
    },
  };
}
