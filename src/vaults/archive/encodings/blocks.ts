/** Streams cut into blocks that are worked on by several processors at once, in libuv's pool of threads. */
import { availableParallelism } from 'node:os';

/** Blocks under way at once: one for each processor, and one that is being filled. */
export const blocksAtOnce = Math.min(availableParallelism(), 16) + 1;

/**
 * The bytes in blocks of `size`, the last one shorter; none when there are no bytes. Each block has memory of its own.
 */
export async function* cutIntoBlocks(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, void> {
  let block = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const piece of bytes) {
    for (let at = 0; at < piece.length;) {
      const taken = Math.min(size - filled, piece.length - at);
      block.set(piece.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < size) continue;
      yield block;
      block = Buffer.allocUnsafeSlow(size);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
