/**
 * How closely the rows of large tables are looked through for what repeats: a first night waits for that more than for
 * anything else. From time to time a block is compressed in every way, and those after it in the quickest way that did
 * not make much more of it. Whether or not anything was found to repeat, all is coded by its frequencies.
 */
import { compressBound, compressInto, type Effort } from '../../../kernel/native/zstd.ts';

/**
 * Faster than level 2 by a fifth to four fifths. As large for numbers, logs and documents (7 percent smaller to 2 percent larger), 4 percent
 * larger for prose, 17 where little but random words and digits repeats.
 */
const carefulRows: Effort = { level: 1, minMatch: 7, hashLog: 12, stride: 2 };

const withStride = (stride: number): Effort => ({ level: 1, minMatch: 7, hashLog: 12, stride });
/** The quickest first: it looks for nothing that repeats, and takes about half of the time. */
const quicker: readonly Effort[] = [withStride(128 * 1024), withStride(16), withStride(8)];
/** So much larger a block may become for it. */
const mostLarger = 7 / 6;
/** Blocks for which a choice stands. */
const standsFor = 64;
/** Smaller blocks are mostly those of small tables, which are soon done. */
const smallest = 8 * 1024;
/** Larger ones are not for this. */
export const largestRows = 64 * 1024;

/** Compresses a block of rows into `dst`; the number of bytes written, or -1 when `dst` is too small. */
export type RowCompressor = (dst: Uint8Array, data: Uint8Array) => number;

/** For blocks of up to `largestRows` bytes, in the order in which they are stored. */
export function createRowCompressor(): RowCompressor {
  const scratch = new Uint8Array(compressBound(largestRows));
  let chosen = carefulRows;
  let stands = 0;
  return (dst, data) => {
    if (data.length < smallest) return compressInto(dst, data, carefulRows);
    if (stands-- > 0) return compressInto(dst, data, chosen);
    stands = standsFor;
    const length = compressInto(dst, data, carefulRows);
    chosen = quicker.find((effort) => isFine(compressInto(scratch, data, effort), length)) ?? carefulRows;
    return length;
  };
}

function isFine(length: number, careful: number): boolean {
  return length >= 0 && length <= careful * mostLarger;
}
