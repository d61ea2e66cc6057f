/** The rows among blocks of the part that COPY loads. */
import type { PartBlock } from '../database/part-rows.ts';

const endOfHead = Buffer.from(' FROM stdin;\n');
/** A line that no row is like. */
const endOfRows = Buffer.from('\\.\n');
const lineFeed = Buffer.from('\n');

export async function* rowsAmong(blocks: AsyncIterable<PartBlock>): AsyncGenerator<Uint8Array, void, void> {
  let inHead = false;
  /** behind the rows */
  let over = false;
  let open = false;
  for await (const { bytes, place } of blocks) {
    if (place !== 'next') {
      if (open) yield lineFeed;
      open = over = false;
      inHead = place === 'start';
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    if (inHead) {
      const head = text.indexOf(endOfHead);
      if (head < 0) continue;
      from = head + endOfHead.length;
      inHead = false;
    }
    if (over) continue;
    const end = endIn(text, from, open);
    over = end < text.length;
    if (end > from) yield text.subarray(from, end);
    open = end > from ? text[end - 1] !== lineFeed[0] : open;
  }
  if (open) yield lineFeed;
}

/** Where the rows end, at the end of the block when they go on. */
function endIn(text: Buffer, from: number, open: boolean): number {
  if (!open && text.subarray(from, from + endOfRows.length).equals(endOfRows)) return from;
  for (let at = from; ; at += endOfRows.length) {
    at = text.indexOf(endOfRows, at);
    if (at < 0) return text.length;
    if (at > from && text[at - 1] === lineFeed[0]) return at;
  }
}
