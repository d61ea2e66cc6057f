/** Counts and hashes bytes while they pass. */
import { createHash } from 'node:crypto';
import type { Digest } from './manifest.ts';

export interface DigestWatch {
  watch(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Of what has passed, once. */
  end(): Digest;
}

export function createDigest(): DigestWatch {
  const hash = createHash('sha256');
  let size = 0;
  return {
    async *watch(bytes) {
      for await (const piece of bytes) {
        hash.update(piece);
        size += piece.length;
        yield piece;
      }
    },
    end: () => ({ size, sha256: hash.digest('hex') }),
  };
}
