/** Small pieces handed on together: each costs the same on its way, however small it is. */

const pieceSize = 256 * 1024;

/** The same bytes in pieces of about 256 KiB, or larger ones as they are. What is taken must stay as it is. */
export async function* together(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    held.push(piece);
    size += piece.length;
    if (size < pieceSize) continue;
    yield held.length === 1 ? piece : Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}
