/** The rows among blocks of the part that INSERT statements of many rows make. */
import type { PartBlock } from '../database/part-rows.ts';

const lineFeed = 10;
const opening = 0x28;
const separators = [0x2c, 0x3b];

/** Without what parts a row from the next one, which depends on where it stands. */
export async function* rowsAmong(blocks: AsyncIterable<PartBlock>): AsyncGenerator<Uint8Array, void, void> {
  /** a line that goes on in the next block */
  let begun: Buffer[] = [];
  for await (const { bytes, place } of blocks) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const found: Uint8Array[] = [];
    if (place !== 'next') {
      found.push(...rowOf(Buffer.concat(begun)));
      begun = [];
    }
    let at = 0;
    for (let end = text.indexOf(lineFeed); end >= 0; end = text.indexOf(lineFeed, at)) {
      const line = text.subarray(at, end);
      found.push(...rowOf(begun.length > 0 ? Buffer.concat([...begun, line]) : line));
      begun = [];
      at = end + 1;
    }
    if (at < text.length) begun.push(Buffer.from(text.subarray(at)));
    if (found.length > 0) yield Buffer.concat(found);
  }
  const last = Buffer.concat(rowOf(Buffer.concat(begun)));
  if (last.length > 0) yield last;
}

const end = Buffer.from('\n');

/** Of a line without its line feed; nothing when it is no row. */
function rowOf(line: Buffer): Uint8Array[] {
  if (line[0] !== opening) return [];
  return [separators.includes(line.at(-1)!) ? line.subarray(0, -1) : line, end];
}
