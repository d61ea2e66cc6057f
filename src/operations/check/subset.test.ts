import assert from 'node:assert/strict';
import test from 'node:test';
import { parseSubset, selectPacks } from './subset.ts';

test('the forms of a subset', () => {
  assert.deepEqual(parseSubset('2/7'), { kind: 'group', n: 2, of: 7 });
  assert.deepEqual(parseSubset('2.5%'), { kind: 'percent', percent: 2.5 });
  assert.deepEqual(parseSubset('100%'), { kind: 'percent', percent: 100 });
  assert.deepEqual(parseSubset('50M'), { kind: 'size', bytes: 50 * 2 ** 20 });
  assert.deepEqual(parseSubset('3g'), { kind: 'size', bytes: 3 * 2 ** 30 });
  assert.deepEqual(parseSubset('1000'), { kind: 'size', bytes: 1000 });
  for (const text of ['', '0/5', '6/5', '1/257', '0%', '101%', '-1%', '0', 'x', '1/2/3', '5P', '1e3']) {
    assert.throws(
      () => parseSubset(text),
      { code: 'usage', message: /^check flag --read-data-subset/ },
      text,
    );
  }
});

const packs = Array.from({ length: 200 }, (_, i) => ({ id: Uint8Array.of(i, 1, 2), size: 1000 }));

test('groups are disjoint and cover everything', () => {
  const seen = new Set<number>();
  for (let n = 1; n <= 7; n++) {
    const { packs: chosen, description } = selectPacks(
      packs,
      { kind: 'group', n, of: 7 },
      Math.random,
      false,
    );
    for (const { id } of chosen) {
      assert.equal(id[0]! % 7, n - 1);
      assert.ok(!seen.has(id[0]!));
      seen.add(id[0]!);
    }
    assert.match(
      description,
      new RegExp(`^read group #${n} of ${chosen.length} data packs \\(out of total 200 packs in 7 groups`),
    );
  }
  assert.equal(seen.size, 200);
});

test('a random share has its size, no pack twice, and is at least one', () => {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const tenth = selectPacks(packs, { kind: 'percent', percent: 10 }, random, false).packs;
  assert.equal(new Set(tenth).size, 20);
  const other = selectPacks(packs, { kind: 'percent', percent: 10 }, random, false).packs;
  assert.notDeepEqual(new Set(tenth), new Set(other));
  assert.equal(selectPacks(packs, { kind: 'percent', percent: 0.01 }, random, false).packs.length, 1);
  assert.equal(selectPacks(packs, { kind: 'percent', percent: 100 }, random, false).packs.length, 200);
  assert.equal(selectPacks([], { kind: 'percent', percent: 50 }, random, false).packs.length, 0);
});

test('a size is a share of all bytes', () => {
  const half = selectPacks(packs, { kind: 'size', bytes: 100_000 }, Math.random, true);
  assert.equal(half.packs.length, 100);
  assert.equal(half.description, 'read 100000 bytes (50.0%) of filtered data packs');
  assert.equal(selectPacks(packs, { kind: 'size', bytes: 2 ** 40 }, Math.random, false).packs.length, 200);
  assert.equal(selectPacks([], { kind: 'size', bytes: 5 }, Math.random, false).packs.length, 0);
});
