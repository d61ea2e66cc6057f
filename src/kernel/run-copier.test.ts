import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RunCopier } from './run-copier.ts';

test('runs of every length are copied, and nothing beside them', () => {
  const memory = new Uint8Array(2000).map((_, i) => i * 7);
  const sources = [memory, memory.slice().reverse(), memory.subarray(3), Buffer.from(memory).subarray(100)];
  const copier = new RunCopier();
  fc.assert(
    fc.property(
      fc.constantFrom(...sources),
      fc.nat(700),
      fc.oneof(fc.nat(20), fc.nat(700)),
      fc.nat(50),
      (source, start, length, at) => {
        const target = new Uint8Array(at + length + 10).fill(1);
        const expected = target.slice();
        expected.set(source.subarray(start, start + length), at);
        copier.copy(source, start, start + length, target, at);
        assert.deepEqual(target, expected);
      },
    ),
  );
});
