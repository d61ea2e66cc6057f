/** Reads a stream of bytes line by line, or raw up to a mark, in turns. */
import type { HoldfastError } from '../../kernel/errors.ts';

export interface LineInput {
  /** The next line with its line feed, which the last one may lack; undefined at the end. The caller may keep it. */
  line(): Promise<Buffer | undefined>;
  /**
   * The bytes up to and with `mark`, whose first byte is taken for read already: the line feed of the line before.
   * A piece is valid until the next one is asked for. Throws `missing()` when the stream ends before.
   */
  until(mark: Buffer, missing: () => HoldfastError): AsyncGenerator<Uint8Array, void, void>;
}

const lineFeed = 10;

export function createLineInput(pieces: AsyncIterable<Uint8Array>): LineInput {
  const iterator = pieces[Symbol.asyncIterator]();
  let piece: Buffer = Buffer.alloc(0);
  let at = 0;

  async function more(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done === true) return false;
    piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    at = 0;
    return true;
  }

  return {
    async line() {
      const parts: Buffer[] = [];
      for (;;) {
        const end = piece.indexOf(lineFeed, at) + 1;
        parts.push(Buffer.from(piece.subarray(at, end === 0 ? piece.length : end)));
        at = end === 0 ? piece.length : end;
        if (end > 0 || !(await more())) break;
      }
      const line = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      return line.length === 0 ? undefined : line;
    },
    async *until(mark, missing) {
      /** the last bytes before the piece: the mark may begin there */
      let before: Buffer = mark.subarray(0, 1);
      const overlap = mark.length - 1;
      for (;;) {
        const rest = piece.subarray(at);
        const across = Buffer.concat([before, rest.subarray(0, overlap)]).indexOf(mark);
        const found = across >= 0 ? across - before.length : rest.indexOf(mark);
        if (across >= 0 || found >= 0) {
          at += found + mark.length;
          yield rest.subarray(0, found + mark.length);
          return;
        }
        before = Buffer.concat([before, rest.subarray(-overlap)]).subarray(-overlap);
        if (rest.length > 0) yield rest;
        if (!(await more())) throw missing();
      }
    },
  };
}
