/** Reads a stream by counts of bytes, for formats that say how long what follows is. */

export interface ByteQueue extends AsyncDisposable {
  /** The next `count` bytes in memory of their own; fewer where the stream ends. */
  read(count: number): Promise<Uint8Array>;
  /** At most `most` of the next bytes, valid until the next call; none where the stream ends. */
  some(most: number): Promise<Uint8Array>;
}

/** Disposing of it ends the stream. */
export function queueOf(bytes: AsyncIterable<Uint8Array>): ByteQueue {
  const pieces = bytes[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array(0);
  let at = 0;
  let ended = false;

  async function some(most: number): Promise<Uint8Array> {
    while (at === piece.length && !ended) {
      const next = await pieces.next();
      ended = next.done === true;
      piece = next.done ? new Uint8Array(0) : next.value;
      at = 0;
    }
    const found = piece.subarray(at, at + most);
    at += found.length;
    return found;
  }

  return {
    some,
    async read(count) {
      const out = Buffer.allocUnsafeSlow(count);
      let filled = 0;
      while (filled < count) {
        const found = await some(count - filled);
        if (found.length === 0) break;
        out.set(found, filled);
        filled += found.length;
      }
      return out.subarray(0, filled);
    },
    async [Symbol.asyncDispose]() {
      await pieces.return?.();
    },
  };
}
