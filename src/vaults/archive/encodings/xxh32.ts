/** XXH32 with seed 0, the checksum of lz4's frames, over bytes that come in pieces. */
import { copyOf } from '../../../kernel/bytes.ts';

const prime1 = 0x9e3779b1 | 0;
const prime2 = 0x85ebca77 | 0;
const prime3 = 0xc2b2ae3d | 0;
const prime4 = 0x27d4eb2f | 0;
const prime5 = 0x165667b1 | 0;
const stripe = 16;

export interface Xxh32 {
  update(bytes: Uint8Array): void;
  /** the checksum so far, unsigned */
  digest(): number;
}

export function createXxh32(): Xxh32 {
  let a = (prime1 + prime2) | 0;
  let b = prime2;
  let c = 0;
  let d = -prime1 | 0;
  let total = 0;
  /** what does not fill a stripe yet */
  const rest = new Uint8Array(stripe);
  let kept = 0;

  /** Whole stripes alone. */
  function mix(bytes: Uint8Array): void {
    // only what lies on a multiple of four bytes can be read as numbers
    const words =
      bytes.byteOffset % 4 === 0
        ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
        : new Int32Array(copyOf(bytes).buffer);
    let [w, x, y, z] = [a, b, c, d];
    for (let i = 0; i < words.length; i += 4) {
      w = (w + Math.imul(words[i]!, prime2)) | 0;
      w = Math.imul((w << 13) | (w >>> 19), prime1);
      x = (x + Math.imul(words[i + 1]!, prime2)) | 0;
      x = Math.imul((x << 13) | (x >>> 19), prime1);
      y = (y + Math.imul(words[i + 2]!, prime2)) | 0;
      y = Math.imul((y << 13) | (y >>> 19), prime1);
      z = (z + Math.imul(words[i + 3]!, prime2)) | 0;
      z = Math.imul((z << 13) | (z >>> 19), prime1);
    }
    [a, b, c, d] = [w, x, y, z];
  }

  return {
    update(bytes) {
      total += bytes.length;
      let at = 0;
      if (kept > 0) {
        at = Math.min(stripe - kept, bytes.length);
        rest.set(bytes.subarray(0, at), kept);
        kept += at;
        if (kept < stripe) return;
        mix(rest);
      }
      const end = bytes.length - ((bytes.length - at) % stripe);
      mix(bytes.subarray(at, end));
      rest.set(bytes.subarray(end));
      kept = bytes.length - end;
    },
    digest() {
      let hash = total >= stripe ? (turn(a, 1) + turn(b, 7) + turn(c, 12) + turn(d, 18)) | 0 : prime5;
      hash = (hash + total) | 0;
      let at = 0;
      const view = new DataView(rest.buffer);
      for (; at + 4 <= kept; at += 4) {
        hash = Math.imul(turn((hash + Math.imul(view.getInt32(at, true), prime3)) | 0, 17), prime4);
      }
      for (; at < kept; at++) {
        hash = Math.imul(turn((hash + Math.imul(rest[at]!, prime5)) | 0, 11), prime1);
      }
      hash = Math.imul(hash ^ (hash >>> 15), prime2);
      hash = Math.imul(hash ^ (hash >>> 13), prime3);
      return (hash ^ (hash >>> 16)) >>> 0;
    },
  };
}

/** XXH32 of bytes that are all here. */
export function xxh32(bytes: Uint8Array): number {
  const sum = createXxh32();
  sum.update(bytes);
  return sum.digest();
}

function turn(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
