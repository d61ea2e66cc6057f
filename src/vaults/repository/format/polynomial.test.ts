import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { hasCode } from '../../../kernel/errors.ts';
import { isIrreducible, randomPolynomial } from './polynomial.ts';

test('there are as many irreducible polynomials of a degree as there must be', () => {
  // the count of Lyndon words: https://oeis.org/A001037
  const counts = [2, 1, 2, 3, 6, 9, 18, 30, 56, 99];
  for (const [i, count] of counts.entries()) {
    const first = 1 << (i + 1);
    let found = 0;
    for (let p = first; p < 2 * first; p++) if (isIrreducible(BigInt(p))) found++;
    assert.equal(found, count, `degree ${i + 1}`);
  }
});

test('the polynomial of restic documentation is irreducible, and neither are constants nor multiples of x', () => {
  assert.ok(isIrreducible(0x3da3358b4dc173n));
  for (const p of [0n, 1n, 0x3da3358b4dc172n, 0x3da3358b4dc171n])
    assert.ok(!isIrreducible(p), p.toString(16));
});

test('a random polynomial has degree 53 and is irreducible', () => {
  const polynomial = randomPolynomial((bytes) => void randomFillSync(bytes));
  assert.equal(polynomial >> 53n, 1n);
  assert.ok(isIrreducible(polynomial));
});

test('a source of random bytes that only gives zeros ends in an error', () => {
  assert.throws(
    () => randomPolynomial(() => {}),
    (error) => hasCode(error, 'failed'),
  );
});
