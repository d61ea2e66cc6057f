/** The bytes of a dump, line by line, or a look at what comes next, in memory that WebAssembly works on. */

export interface DumpReader {
  /** The next line with its line feed, which the last one may lack; undefined at the end. The caller may keep it. */
  line(): Promise<Buffer | undefined>;
  /** What is at hand and not taken, `wanted` bytes or all that is left; it changes with the next call of anything here. */
  ahead(wanted: number): Promise<Buffer>;
  /** Puts more behind what is at hand; false at the end. */
  more(): Promise<boolean>;
  /** Takes so many bytes of those at hand. */
  take(count: number): void;
  /** Where what is at hand lies in `memory`. */
  readonly start: number;
  readonly end: number;
  readonly memory: WebAssembly.Memory;
}

const lineFeed = 10;
const pageSize = 65536;
/** Room for a piece of the dump and what is left of the one before, at first. */
const windowPages = 20;
/** Bytes behind the last one that WebAssembly may read. */
const overread = 64;

/** Leaves the first `reserved` bytes of its memory to others. */
export function createDumpReader(pieces: AsyncIterable<Uint8Array>, reserved: number): DumpReader {
  const iterator = pieces[Symbol.asyncIterator]();
  const memory = new WebAssembly.Memory({
    initial: Math.ceil(reserved / pageSize) + windowPages,
    maximum: 65536,
  });
  let bytes = Buffer.from(memory.buffer);
  let start = reserved;
  let end = reserved;

  function makeRoom(count: number): void {
    if (end + count + overread <= bytes.length) return;
    bytes.copyWithin(reserved, start, end);
    end -= start - reserved;
    start = reserved;
    const lacking = end + count + overread - bytes.length;
    if (lacking <= 0) return;
    memory.grow(Math.ceil(Math.max(lacking, bytes.length) / pageSize));
    bytes = Buffer.from(memory.buffer);
  }

  async function more(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done === true) return false;
    makeRoom(next.value.length);
    bytes.set(next.value, end);
    end += next.value.length;
    return true;
  }

  return {
    async line() {
      for (let searched = 0; ;) {
        const feed = bytes.subarray(start, end).indexOf(lineFeed, searched) + 1;
        if (feed === 0) {
          searched = end - start;
          if (await more()) continue;
          if (start === end) return undefined;
        }
        const line = Buffer.from(bytes.subarray(start, feed === 0 ? end : start + feed));
        start += line.length;
        return line;
      }
    },
    async ahead(wanted) {
      while (end - start < wanted && (await more()));
      return bytes.subarray(start, end);
    },
    more,
    take(count) {
      start += count;
    },
    get start() {
      return start;
    },
    get end() {
      return end;
    },
    memory,
  };
}
