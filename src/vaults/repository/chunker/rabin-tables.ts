/** The two look-up tables of a Rabin fingerprint, for one polynomial over GF(2). */

/** Number of bytes in the sliding window. */
export const rabinWindow = 64;

/** Degree of every chunker polynomial in use. */
export const polynomialDegree = 53;

/** The remainder of `value` divided by `polynomial`, both as bit patterns of polynomials over GF(2). */
export function remainder(value: bigint, polynomial: bigint): bigint {
  const degree = bitLength(polynomial);
  for (let length = bitLength(value); length >= degree; length = bitLength(value)) {
    value ^= polynomial << BigInt(length - degree);
  }
  return value;
}

/** How many bits `value` has: one more than the degree of the polynomial it stands for, 0 for zero. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/**
 * `reduce[b]` cancels the eight bits b above the degree and adds what they leave modulo the polynomial;
 * `leave[b]` is what a byte b still contributes at the moment it falls out of the window.
 */
export function rabinTables(polynomial: bigint): { reduce: BigUint64Array; leave: BigUint64Array } {
  const reduce = new BigUint64Array(256);
  const leave = new BigUint64Array(256);
  const out = remainder(1n << BigInt(8 * rabinWindow), polynomial);
  for (let b = 0; b < 256; b++) {
    const high = BigInt(b) << BigInt(polynomialDegree);
    reduce[b] = high | remainder(high, polynomial);
    leave[b] = remainder(multiply(out, BigInt(b)), polynomial);
  }
  return { reduce, leave };
}

/** Product of two polynomials over GF(2). */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n;
  for (; y > 0n; y >>= 1n, x <<= 1n) if (y & 1n) product ^= x;
  return product;
}
