/** How small the blocks of a table are: small ones find more that is the same, and each costs an entry in the index. */

export interface BlockChoice {
  /** bytes, about */
  readonly blockSize: number;
  /** the table's size when this was chosen, bytes */
  readonly chosenFor: number;
}

const smallest = 8 * 1024;
const largest = 1024 * 1024;
/** Blocks of one table stay below about twice this. */
const wantedBlocks = 128 * 1024;

/** The size for a table of so many bytes; that of the night before while the table has not grown fourfold. */
export function chooseBlockSize(bytes: number, before: BlockChoice | undefined): BlockChoice {
  if (before && bytes < 4 * Math.max(before.chosenFor, smallest * wantedBlocks)) return before;
  let blockSize = smallest;
  while (blockSize < largest && bytes > blockSize * wantedBlocks) blockSize *= 2;
  return { blockSize, chosenFor: bytes };
}
