import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patternBytes } from '../../testing/storage-assertions.ts';
import { allocate } from '../body.ts';
import type { RangedObjects } from './ranges.ts';
import { streamRange } from './ranges.ts';

const content = patternBytes(35_000_001, 3);

const objects: RangedObjects = {
  stat: async (name) => ({ name, size: content.length }),
  async get(_name, { range, memory }) {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range!)!;
    const wanted = content.subarray(Number(from), Number(to) + 1);
    const body = allocate(wanted.length, memory);
    body.set(wanted);
    return { status: 206, headers: {}, body };
  },
};

test('a stream comes in memory of its own, or in two pieces of it again and again', async () => {
  for (const [reuse, memories] of [
    [false, 5],
    [true, 2],
  ] as const) {
    const used = new Set<ArrayBuffer>();
    let at = 0;
    for await (const piece of streamRange(objects, 'x', { reuse })) {
      assert.equal(Buffer.compare(piece, content.subarray(at, at + piece.length)), 0, `at ${at}`);
      at += piece.length;
      used.add(piece.buffer);
    }
    assert.equal(at, content.length);
    assert.equal(used.size, memories);
  }
});
