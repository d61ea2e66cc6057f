/** The bytes of a dump, line by line, or a look at what comes next. */

export interface DumpReader {
  /** The next line with its line feed, which the last one may lack; undefined at the end. The caller may keep it. */
  line(): Promise<Buffer | undefined>;
  /**
   * What is at hand and not taken, which changes with the next call of anything here: `least` bytes or all that is left,
   * and so much more that there is a line feed behind them, or `wanted` bytes.
   */
  ahead(least: number, wanted?: number): Promise<Buffer>;
  /** Takes so many bytes of those at hand. */
  take(count: number): void;
}

const lineFeed = 10;

export function createDumpReader(pieces: AsyncIterable<Uint8Array>): DumpReader {
  const iterator = pieces[Symbol.asyncIterator]();
  let piece: Buffer = Buffer.alloc(0);
  let at = 0;

  /** Puts the next piece behind what is left; false at the end. */
  async function fill(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done === true) return false;
    // a piece is valid until the next one alone, and what is left belongs before it
    piece = Buffer.concat([piece.subarray(at), next.value]);
    at = 0;
    return true;
  }

  return {
    async line() {
      let searched = 0;
      for (;;) {
        const end = piece.indexOf(lineFeed, at + searched) + 1;
        if (end > 0) {
          const line = Buffer.from(piece.subarray(at, end));
          at = end;
          return line;
        }
        searched = piece.length - at;
        if (await fill()) continue;
        const rest = Buffer.from(piece.subarray(at));
        at = piece.length;
        return rest.length === 0 ? undefined : rest;
      }
    },
    async ahead(least, wanted = least) {
      const isEnough = (): boolean => {
        const length = piece.length - at;
        return length >= wanted || (length >= least && piece.indexOf(lineFeed, at + least) >= 0);
      };
      while (!isEnough() && (await fill()));
      return piece.subarray(at);
    },
    take(count) {
      at += count;
    },
  };
}
