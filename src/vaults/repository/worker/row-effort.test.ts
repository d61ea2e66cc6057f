import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { compress, compressBound, decompress, zstdKind } from '../../../kernel/native/zstd.ts';
import { createRowCompressor } from './row-effort.ts';

const hex = (seed: string): string => createHash('sha256').update(seed).digest('hex');

/** Blocks of about 16 KiB of such rows. */
function blocksOf(row: (i: number) => string, count: number): Buffer[] {
  let i = 0;
  return Array.from({ length: count }, () => {
    let text = '';
    while (text.length < 16_000) text += row(i++);
    return Buffer.from(text);
  });
}

const pages = ['course', 'module', 'user', 'grade'];
const log = (i: number): string =>
  `${i}\t/${pages[i % 4]}/view.php?id=${i % 97}\t200\tMozilla/5.0 (X11; Linux x86_64; rv:${100 + (i % 9)}.0) Gecko\n`;
const random = (i: number): string =>
  `${i}\t${hex(`${i}`)}\t${pages[hex(`-${i}`).charCodeAt(0) % 4]}-${hex(`-${i}`).slice(0, 20)}\n`;

/** The stored sizes of blocks, each decoded again and compared. */
function sizesOf(blocks: readonly Buffer[]): number[] {
  const compressRows = createRowCompressor();
  return blocks.map((block) => {
    const out = new Uint8Array(compressBound(block.length));
    const length = compressRows(out, block);
    assert.deepEqual(Buffer.from(decompress(out.subarray(0, length))), block);
    return length;
  });
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

test('rows that are much alike are looked through closely', () => {
  const blocks = blocksOf(log, 100);
  const level2 = sum(blocks.map((block) => compress(block, 2).length));
  const byFrequencies = sum(blocks.map((block) => compress(block, { level: 1, stride: 128 * 1024 }).length));
  const size = sum(sizesOf(blocks));
  assert.ok(size < 1.4 * level2, `${size}, ${level2}`);
  assert.ok(zstdKind === 'node' || size < byFrequencies / 2, `${size}, ${byFrequencies}`);
});

test('what repeats little is looked through less, and is at most a sixth larger for it', () => {
  const sizes = sizesOf(blocksOf(random, 100));
  const [first, ...others] = sizes.slice(0, 64);
  for (const size of others) assert.ok(size <= first! * 1.2, `${size} after ${first}`);
  // node:zlib cannot be told
  if (zstdKind === 'native') assert.ok(Math.min(...others) > first!);
});

test('other rows that follow are compressed as they need it', () => {
  const after = sizesOf([...blocksOf(random, 70), ...blocksOf(log, 200)]);
  const alone = sizesOf(blocksOf(log, 200));
  assert.ok(sum(after.slice(-100)) < 1.05 * sum(alone.slice(-100)));
});

test('small blocks are always looked through', () => {
  const small = blocksOf(random, 5).map((block) => block.subarray(0, 4000));
  const careful = small.map((block) => sizesOf([block])[0]);
  assert.deepEqual(sizesOf(small), careful);
});
