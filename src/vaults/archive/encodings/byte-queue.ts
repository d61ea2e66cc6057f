/** Reads a stream by counts of bytes, for formats that say how long what follows is. */

export interface ByteQueue extends AsyncDisposable {
  /** The next `count` bytes in memory of their own; fewer where the stream ends. */
  read(count: number): Promise<Uint8Array>;
}

/** Disposing of it ends the stream. */
export function queueOf(bytes: AsyncIterable<Uint8Array>): ByteQueue {
  const pieces = bytes[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array(0);
  let at = 0;
  let ended = false;
  return {
    async read(count) {
      const out = Buffer.allocUnsafeSlow(count);
      let filled = 0;
      while (filled < count) {
        if (at === piece.length) {
          const next = ended ? undefined : await pieces.next();
          if (!next || next.done) {
            ended = true;
            return out.subarray(0, filled);
          }
          piece = next.value;
          at = 0;
        }
        const taken = Math.min(count - filled, piece.length - at);
        out.set(piece.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
      }
      return out;
    },
    async [Symbol.asyncDispose]() {
      await pieces.return?.();
    },
  };
}
