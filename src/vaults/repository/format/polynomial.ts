/** Polynomials over GF(2) for the Rabin chunker: one bigint, bit i is the coefficient of x^i. */
import { HoldfastError } from '../../../kernel/errors.ts';

const degree53 = 1n << 53n;

/** A random irreducible polynomial of degree 53; `random` fills an array with random bytes. */
export function randomPolynomial(random: (bytes: Uint8Array) => void): bigint {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  // about one in 27 of the candidates is irreducible
  for (let tries = 0; tries < 100_000; tries++) {
    random(bytes);
    const candidate = (view.getBigUint64(0, true) & (degree53 - 1n)) | degree53 | 1n;
    if (isIrreducible(candidate)) return candidate;
  }
  throw new HoldfastError(
    'failed',
    'no irreducible polynomial was found: the source of random bytes is broken',
  );
}

/** Ben-Or's test: irreducible when x^(2^i) - x shares no factor with it, for i up to half its degree. */
export function isIrreducible(polynomial: bigint): boolean {
  const degree = degreeOf(polynomial);
  if (degree < 1) return false;
  let power = remainder(2n, polynomial);
  for (let i = 1; i <= degree >> 1; i++) {
    power = remainder(square(power), polynomial);
    if (greatestCommonDivisor(polynomial, power ^ 2n) !== 1n) return false;
  }
  return true;
}

/** -1 for zero */
function degreeOf(polynomial: bigint): number {
  return polynomial === 0n ? -1 : polynomial.toString(2).length - 1;
}

function remainder(dividend: bigint, divisor: bigint): bigint {
  const degree = degreeOf(divisor);
  let rest = dividend;
  for (let over = degreeOf(rest) - degree; over >= 0; over = degreeOf(rest) - degree)
    rest ^= divisor << BigInt(over);
  return rest;
}

/** Squaring puts a zero between the coefficients. */
function square(polynomial: bigint): bigint {
  return BigInt(`0b${polynomial.toString(2).split('').join('0')}`);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, remainder(a, b)];
  return a;
}
