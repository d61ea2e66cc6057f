import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { createSealer, newMasterKey, open, seal, SEAL_OVERHEAD } from './seal.ts';

test('what is sealed opens again, of any length', () => {
  const key = newMasterKey();
  for (const length of [0, 1, 15, 16, 17, 1000, 70_000]) {
    const plain = randomBytes(length);
    const sealed = seal(key, plain);
    assert.equal(sealed.length, length + SEAL_OVERHEAD);
    assert.deepEqual(Buffer.from(open(key, sealed)), plain);
  }
});

test('the same plaintext is never sealed the same way', () => {
  const key = newMasterKey();
  const seen = new Set(
    Array.from({ length: 600 }, () =>
      Buffer.from(seal(key, Buffer.from('x')).subarray(0, 16)).toString('hex'),
    ),
  );
  assert.equal(seen.size, 600);
});

test('every flipped bit and every cut is found', () => {
  const key = newMasterKey();
  const sealed = seal(key, randomBytes(40));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const damaged = sealed.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => open(key, damaged), { code: 'corrupt' });
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => open(key, sealed.slice(0, length)), { code: 'corrupt' });
  }
});

test('another key does not open it', () => {
  assert.throws(() => open(newMasterKey(), seal(newMasterKey(), Buffer.from('secret'))), { code: 'corrupt' });
});

test('sealing in place leaves its neighbours alone', () => {
  const key = newMasterKey();
  const buffer = new Uint8Array(200).fill(9);
  buffer.set(Buffer.from('plaintext'), 60 + 16);
  const end = createSealer(key).sealInPlace(buffer, 60, 9);
  assert.equal(end, 60 + 9 + SEAL_OVERHEAD);
  assert.ok(buffer.subarray(0, 60).every((byte) => byte === 9));
  assert.ok(buffer.subarray(end).every((byte) => byte === 9));
  assert.equal(Buffer.from(open(key, buffer.slice(60, end))).toString(), 'plaintext');
});
