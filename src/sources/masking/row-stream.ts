/** Brings a stream of bytes into slabs of whole rows, masks each, and hands it on. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { RowMasker } from './copy-rows.ts';

const newline = 10;
/** Bytes of rows that are masked at a time; one row may be longer. */
const slabSize = 256 * 1024;
/** PostgreSQL's own limit for a row of a dump, and what fits into one array. */
const longestRow = 2 ** 31;

/**
 * The rows of one table, masked. They end with a line end. A piece is valid until the next one is asked for. Codes of
 * the masker, and `unsupported` for a row of more than 2 GiB.
 */
export async function* maskRows(
  pieces: AsyncIterable<Uint8Array>,
  masker: RowMasker,
): AsyncGenerator<Uint8Array, void, void> {
  if (masker.idle) {
    yield* pieces;
    return;
  }
  let held = Buffer.allocUnsafe(2 * slabSize);
  let length = 0;
  for await (const piece of pieces) {
    if (length + piece.length > held.length) {
      if (length + piece.length > longestRow) {
        throw new HoldfastError('unsupported', 'a row of more than 2 GiB cannot be masked');
      }
      const grown = Buffer.allocUnsafe(Math.max(2 * held.length, length + piece.length));
      grown.set(held.subarray(0, length));
      held = grown;
    }
    held.set(piece, length);
    // what was there before has no line end, unless it waits for more
    const sought = length < slabSize ? 0 : length;
    length += piece.length;
    if (length < slabSize) continue;
    const end = held.subarray(sought, length).lastIndexOf(newline) + 1 + sought;
    if (end === sought) continue;
    yield masker.mask(held.subarray(0, end));
    held.copyWithin(0, end, length);
    length -= end;
    // one long row does not keep its memory
    if (held.length > 64 * slabSize && length < slabSize) held = Buffer.from(held.subarray(0, 2 * slabSize));
  }
  if (length > 0) yield masker.mask(held.subarray(0, length));
}
