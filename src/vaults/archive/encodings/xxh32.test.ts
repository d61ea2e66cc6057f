import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createXxh32, xxh32 } from './xxh32.ts';

const text = Buffer.from('Nobody inspects the spammish repetition');

test('gives what the reference gives', () => {
  assert.equal(xxh32(Buffer.from('')), 0x02cc5d05);
  assert.equal(xxh32(Buffer.from('abc')), 0x32d153ff);
  assert.equal(xxh32(text), 0xe2293b2f);
});

test('does so wherever the bytes lie and are cut', () => {
  for (let offset = 0; offset < 8; offset++) {
    const memory = Buffer.alloc(text.length + offset);
    memory.set(text, offset);
    for (let cut = 0; cut <= text.length; cut++) {
      const sum = createXxh32();
      sum.update(memory.subarray(offset, offset + cut));
      sum.update(memory.subarray(offset + cut));
      assert.equal(sum.digest(), 0xe2293b2f, `${offset}, ${cut}`);
    }
  }
});
