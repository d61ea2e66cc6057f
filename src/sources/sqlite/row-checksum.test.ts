import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRowChecksum } from './row-checksum.ts';

type Row = Parameters<ReturnType<typeof createRowChecksum>['add']>[0];

function digest(rows: readonly Row[]): string {
  const sum = createRowChecksum();
  for (const row of rows) sum.add(row);
  assert.equal(sum.rows, rows.length);
  return sum.digest();
}

const value = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme', maxLength: 2000 }),
  fc.uint8Array({ maxLength: 5000 }),
);

test('the order of rows does not matter, each row does', () => {
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 5 }), { minLength: 1, maxLength: 20 }), (rows) => {
      assert.equal(digest(rows.toReversed()), digest(rows));
      assert.notEqual(digest(rows.slice(1)), digest(rows));
      assert.notEqual(digest([...rows, rows[0]!]), digest(rows));
    }),
    { numRuns: 50 },
  );
});

test('values that look alike are different', () => {
  const rows: Row[] = [
    [null],
    [''],
    [new Uint8Array(0)],
    ['1'],
    [1n],
    [1],
    [Buffer.from('1')],
    ['a', 'b'],
    ['ab', ''],
    [],
  ];
  assert.equal(new Set(rows.map((row) => digest([row]))).size, rows.length);
});

test('a large value passes, and what follows it', () => {
  const large = 'ü'.repeat(3 << 20);
  assert.equal(digest([[large], ['x']]), digest([['x'], [large]]));
  assert.notEqual(digest([[large], ['x']]), digest([[`${large}ü`], ['x']]));
});
