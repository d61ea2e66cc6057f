/** The secret constants of the record chunker, drawn from the repository's polynomial. */
import { createHash } from 'node:crypto';

/**
 * The 32 bytes that records.wasm expects at address 0: two 64-bit constants to add and two odd ones to multiply with.
 * A change here changes every cut, and so ends deduplication with what is already stored.
 */
export function recordKeys(polynomial: bigint): Uint8Array {
  const keys = new Uint8Array(
    createHash('shake256', { outputLength: 32 })
      .update(`record chunker 1 ${polynomial.toString(16)}`)
      .digest(),
  );
  for (const at of [16, 24]) keys[at]! |= 1;
  return keys;
}
