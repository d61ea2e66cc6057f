/** How small the blocks of a table are: small ones find more that is the same, and each costs an entry in the index. */

export interface BlockChoice {
  /** bytes, about */
  readonly blockSize: number;
  /** the table's size when this was chosen, bytes */
  readonly chosenFor: number;
}

const smallest = 4 * 1024;
const largest = 1024 * 1024;
/** A table of up to so many bytes has the smallest blocks. */
const smallTable = 256 * 1024 * 1024;
/** Larger ones have about so many blocks at most. */
const mostBlocks = 128 * 1024;

/** The size for a table of so many bytes; that of the night before while the table has not grown fourfold. */
export function chooseBlockSize(bytes: number, before: BlockChoice | undefined): BlockChoice {
  if (before && bytes < 4 * Math.max(before.chosenFor, smallTable)) return before;
  let blockSize = bytes <= smallTable ? smallest : 2 * smallest;
  while (blockSize < largest && bytes > blockSize * mostBlocks) blockSize *= 2;
  return { blockSize, chosenFor: bytes };
}
