/** The secret constants of the fast chunker, drawn from the repository's polynomial. */
import { createHash } from 'node:crypto';

/**
 * The 112 bytes that fast.wasm expects at address 0: two substitution tables of 16 bytes, the target byte 16 times,
 * four 64-bit constants to add and four odd ones to multiply with. A change here changes every cut, and so ends
 * deduplication with what is already stored.
 */
export function fastKeys(polynomial: bigint): Uint8Array {
  const keys = new Uint8Array(
    createHash('shake256', { outputLength: 112 })
      .update(`fast chunker 1 ${polynomial.toString(16)}`)
      .digest(),
  );
  // runs of one byte mix to zero: an odd target keeps them off the slow path
  keys.fill(keys[32]! | 1, 32, 48);
  for (let at = 80; at < 112; at += 8) keys[at]! |= 1;
  return keys;
}
