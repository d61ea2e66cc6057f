/** The record chunker: cuts that depend on rows alone, and checksums that do not depend on their order. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { rowHash } from '../../../kernel/row-hash.ts';
import { createRecordChunker, type RecordChunker } from './record-chunker.ts';

const polynomial = 0x3da3358b4dc173n;

/** Cuts `bytes`, written in portions of at most `portion` bytes; the blocks. */
function cutAll(chunker: RecordChunker, bytes: Uint8Array, blockSize: number, portion: number): Buffer[] {
  const blocks: Buffer[] = [];
  const take = (slab: ReturnType<RecordChunker['end']>): void => {
    let start = 0;
    for (const end of slab?.ends ?? []) {
      blocks.push(Buffer.from(slab!.bytes.subarray(start, end)));
      start = end;
    }
    assert.equal(start, slab?.bytes.length ?? 0);
  };
  chunker.start(blockSize);
  for (let at = 0; at < bytes.length;) {
    const room = chunker.room();
    const count = Math.min(room.length, portion, bytes.length - at);
    room.set(bytes.subarray(at, at + count));
    at += count;
    take(chunker.advance(count));
  }
  take(chunker.end());
  return blocks;
}

function rows(count: number, seed: string): string[] {
  return Array.from({ length: count }, (_, i) => {
    const text = createHash('sha256').update(`${seed} ${i}`).digest('hex');
    return `${i}\t${text.slice(0, 20 + (text.charCodeAt(0) % 40))}\t${text}\n`;
  });
}

const ids = (blocks: readonly Buffer[]) =>
  blocks.map((block) => createHash('sha1').update(block).digest('hex'));

test('cuts come out at row ends, near the size that was asked for', () => {
  const bytes = Buffer.from(rows(60_000, 'a').join(''));
  const chunker = createRecordChunker(polynomial);
  for (const size of [2048, 8192, 32_768]) {
    const blocks = cutAll(chunker, bytes, size, 100_000);
    assert.ok(Buffer.concat(blocks).equals(bytes));
    assert.ok(blocks.every((block) => block.at(-1) === 10));
    const mean = bytes.length / blocks.length;
    assert.ok(mean > size * 0.8 && mean < size * 1.2, `${mean} for ${size}`);
  }
});

test('rows that come, go and change leave the other blocks as they are', () => {
  const chunker = createRecordChunker(polynomial);
  const before = rows(40_000, 'a');
  const after = [...before];
  after.splice(10_000, 1);
  after.splice(20_000, 0, 'a new one\n', 'and another\n');
  after[30_000] = 'changed\n';
  const known = new Set(ids(cutAll(chunker, Buffer.from(before.join('')), 8192, 65_536)));
  const fresh = ids(cutAll(chunker, Buffer.from(after.join('')), 8192, 65_536)).filter(
    (id) => !known.has(id),
  );
  assert.ok(fresh.length >= 3 && fresh.length <= 9, `${fresh.length} new blocks`);
});

test('another key cuts elsewhere', () => {
  const bytes = Buffer.from(rows(10_000, 'a').join(''));
  const one = ids(cutAll(createRecordChunker(polynomial), bytes, 8192, 65_536));
  const two = new Set(ids(cutAll(createRecordChunker(polynomial ^ 2n), bytes, 8192, 65_536)));
  assert.ok(one.filter((id) => two.has(id)).length < 5);
});

test('cuts and checksum do not depend on portions; the checksum not on the order of rows', () => {
  const long = 'x'.repeat(1024 * 1024 - 1);
  const row = fc.oneof(
    { weight: 20, arbitrary: fc.string({ maxLength: 300 }).map((text) => text.replaceAll('\n', ' ')) },
    { weight: 1, arbitrary: fc.constantFrom(long, `${long}y`, long.slice(1), `${long}${long}${long}z`) },
  );
  const chunker = createRecordChunker(polynomial);
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 200 }),
      fc.integer({ min: 1000, max: 3_000_000 }),
      fc.boolean(),
      (lines, portion, ended) => {
        const text = lines.map((line) => `${line}\n`).join('');
        const bytes = Buffer.from(ended ? text : text.slice(0, -1));
        const whole = cutAll(chunker, bytes, 1024, 1 << 30);
        const tally = chunker.tally();
        assert.ok(Buffer.concat(whole).equals(bytes));
        assert.equal(tally.bytes, bytes.length);
        const open = !ended && lines.at(-1) === '' ? 1 : 0;
        assert.equal(tally.rows, Math.max(0, lines.length - open));
        assert.deepEqual(ids(cutAll(chunker, bytes, 1024, portion)), ids(whole));
        assert.deepEqual(chunker.tally(), tally);
        if (!ended) return;
        const short = lines.every((line) => line.length < 1000);
        const sum = lines.reduce((sum, line) => sum + (short ? rowHash(Buffer.from(`${line}\n`)) : 0n), 0n);
        if (short) assert.equal(BigInt.asUintN(64, sum), tally.checksum);
        cutAll(
          chunker,
          Buffer.from(
            lines
              .toReversed()
              .map((line) => `${line}\n`)
              .join(''),
          ),
          4096,
          1 << 20,
        );
        assert.equal(chunker.tally().checksum, tally.checksum);
      },
    ),
    { numRuns: 60 },
  );
});

test('rows of one kind without end are cut too', () => {
  const blocks = cutAll(createRecordChunker(polynomial), Buffer.from('\n'.repeat(3_000_000)), 8192, 65_536);
  assert.ok(blocks.every((block) => block.length <= 4 * 8192));
});

test('a long row is made of pieces of its own', () => {
  const chunker = createRecordChunker(polynomial);
  const long = `${'0123456789'.repeat(500_000)}\n`;
  const known = new Set(ids(cutAll(chunker, Buffer.from(`a\nb\n${long}c\n`), 8192, 65_536)));
  const other = ids(cutAll(chunker, Buffer.from(`something else\nbefore it\n${long}c\n`), 8192, 65_536));
  assert.equal(other.filter((id) => !known.has(id)).length, 1);
});
