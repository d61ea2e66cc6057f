/** Plaintext of snapshot, index and lock files: JSON behind a version byte and compressed, or the JSON as it is. */
import { HoldfastError } from '../../../kernel/errors.ts';
import { compress, decompress } from '../../../kernel/native/zstd.ts';

const version = 2;
const level = 3;

/** `0x02 || zstd(json)` */
export function encodeUnpacked(json: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = compress(json, level);
  const out = new Uint8Array(1 + frame.length);
  out[0] = version;
  out.set(frame, 1);
  return out;
}

/** The JSON of such a plaintext. Code `corrupt`, `unsupported` for another version byte. */
export function decodeUnpacked(plaintext: Uint8Array): Uint8Array {
  const first = plaintext[0];
  if (first === undefined) throw new HoldfastError('corrupt', 'the file is empty inside');
  if (first === 0x7b || first === 0x5b) return plaintext;
  if (first !== version) {
    throw new HoldfastError('unsupported', `the file has the unknown encoding ${first}`, {
      hint: 'a newer version of the program that wrote it may be needed',
    });
  }
  // no JSON of ids shrinks to a thousandth: what states more is out for memory
  return decompress(plaintext.subarray(1), Math.min(2 ** 30, 2 ** 20 + plaintext.length * 1024));
}
