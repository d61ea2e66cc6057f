import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rowHash } from './row-hash.ts';
import { createRowSum } from './row-sum.ts';

const mask = (1n << 64n) - 1n;

test('rows are hashed one by one, wherever the stream is cut', () => {
  const line = fc.stringMatching(/^[^\n]{0,40}$/);
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 40 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 50 }),
      (lines, last, size) => {
        const text = lines.map((one) => `${one}\n`);
        if (last) text.push('the last one');
        const hashes: bigint[] = [];
        const sum = createRowSum((some) => hashes.push(...some));
        const bytes = Buffer.from(text.join(''));
        for (let from = 0; from < bytes.length; from += size) sum.update(bytes.subarray(from, from + size));
        const expected = text.map((one) => rowHash(Buffer.from(one)));
        const checksum = expected.reduce((all, one) => (all + one) & mask, 0n);
        assert.deepEqual(sum.end(), { rows: text.length, checksum });
        assert.deepEqual(hashes, expected);
        assert.deepEqual(sum.end(), { rows: 0, checksum: 0n });
      },
    ),
    { numRuns: 100 },
  );
});

test('rows longer than the memory, and more of them than are handed over at a time', () => {
  const long = Buffer.alloc(700_001, 'long ');
  long[long.length - 1] = 10;
  const short = Buffer.alloc(60_000, 'a\n');
  const hashes: bigint[] = [];
  const sum = createRowSum((some) => hashes.push(...some));
  for (const bytes of [long, short, long]) sum.update(bytes);
  const { rows, checksum } = sum.end();
  assert.equal(rows, 30_002);
  assert.equal(hashes.length, rows);
  assert.equal(hashes[0], rowHash(long));
  assert.equal(hashes[1], rowHash(Buffer.from('a\n')));
  assert.equal(hashes.at(-1), rowHash(long));
  assert.equal(
    checksum,
    hashes.reduce((all, one) => (all + one) & mask, 0n),
  );
});
