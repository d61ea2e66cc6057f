/**
 * Has sockets read into memory that is used again. Without it every 64 KiB that come are an array of their own, and much of
 * a download's processor time goes into collecting those.
 */
import type { OnReadOpts, Socket } from 'node:net';

/**
 * Bytes. undici keeps slices of what it reads only while a header is not complete, and refuses headers of this size, so that
 * none goes on beyond an array that is filled as far. Less, in which a header may begin, is copied.
 */
export const largestHeader = 16 << 10;

/**
 * The option of `net.connect` and `tls.connect`, for any number of sockets whose one reader copies what it keeps: each has
 * two arrays of `bytes`, and fills one while the other is read.
 */
export function reusedReads(bytes: number): OnReadOpts {
  /** of each socket the array that it does not fill */
  const spares = new WeakMap<Socket, Uint8Array>();
  /** what the socket fills that has just given its bytes: Node asks for it at once, and does not say for whom */
  let next: Uint8Array | undefined;

  return {
    buffer() {
      const given = next ?? Buffer.allocUnsafeSlow(bytes);
      next = undefined;
      return given;
    },

    callback(this: Socket, count: number, filled: Uint8Array): boolean {
      const came = filled.subarray(0, count);
      // A reader that has paused has left something in the spare array.
      const reused = count >= largestHeader && this.readableLength === 0;
      const wantsMore = this.push(reused ? came : Buffer.from(came));
      next = filled;
      if (reused) {
        next = spares.get(this) ?? Buffer.allocUnsafeSlow(bytes);
        spares.set(this, filled);
      }
      return wantsMore;
    },
  };
}
