import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareRows } from './row-difference.ts';

function lines(rows: readonly number[]) {
  return async function* () {
    for (let at = 0; at < rows.length; at += 1000) {
      const some = rows.slice(at, at + 1000).map((row) => `row ${row}\n`);
      yield Buffer.from(some.join(''));
    }
  };
}

/** As often as one side has each row more often than the other. */
function expected(before: readonly number[], after: readonly number[]) {
  const surplus = (of: readonly number[], over: readonly number[]): number =>
    [...new Set(of)].reduce((sum, row) => {
      const more = of.filter((one) => one === row).length - over.filter((one) => one === row).length;
      return sum + Math.max(0, more);
    }, 0);
  return { added: surplus(after, before), removed: surplus(before, after) };
}

test('rows are counted as often as they are there, in any order, with much memory and little', async () => {
  const rows = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(rows, rows, fc.constantFrom(4, 20, 1000), async (before, after, most) => {
      const found = await compareRows(lines(before), lines(after), most);
      assert.deepEqual(found, expected(before, after));
    }),
    { numRuns: 60 },
  );
});

test('a hundred thousand rows', async () => {
  const before = Array.from({ length: 100_000 }, (_, i) => i);
  const after = before.map((row) => (row % 1000 === 7 ? -row : row)).concat([1, 2, 3]);
  assert.deepEqual(await compareRows(lines(before), lines(after)), { added: 103, removed: 100 });
  assert.deepEqual(await compareRows(lines(before), lines(after), 30_000), { added: 103, removed: 100 });
});
