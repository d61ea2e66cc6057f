import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test from 'node:test';
import { createSha256, nativeCrypto, nodeCrypto, sha256 } from './crypto.ts';

test('sha-256 agrees with the published vector and with itself in pieces', () => {
  const abc = Buffer.from('abc');
  assert.equal(
    Buffer.from(sha256(abc)).toString('hex'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  const running = createSha256();
  for (const byte of abc) running.update(Uint8Array.of(byte));
  assert.deepEqual(Buffer.from(running.digest()), Buffer.from(sha256(abc)));
});

test('openssl called directly and node:crypto give the same bytes', (t) => {
  const native = nativeCrypto();
  if (!native) return t.skip('openssl cannot be called directly here');
  const key = randomBytes(32);
  const ciphers = [native, nodeCrypto].map((crypto) => ({
    ctr: crypto.aesCtr(key),
    block: crypto.aesBlock(key.subarray(0, 16)),
  }));
  for (const length of [0, 1, 16, 31, 4096, 100_001]) {
    const data = randomBytes(length);
    const iv = randomBytes(16);
    const [a, b] = ciphers.map(({ ctr }) => {
      const out = new Uint8Array(length);
      ctr.apply(iv, data, out);
      return out;
    });
    assert.deepEqual(a, b);
    const back = new Uint8Array(length);
    ciphers[0]!.ctr.apply(iv, a!, back);
    assert.deepEqual(Buffer.from(back), data);
    const hashes: Buffer[] = [native, nodeCrypto].map((crypto) => {
      const out = new Uint8Array(40);
      crypto.sha256Into(data, out, 8);
      return Buffer.from(out.subarray(8));
    });
    assert.deepEqual(hashes[0], hashes[1]);
    assert.deepEqual(hashes[0], createHash('sha256').update(data).digest());
    const blocks = ciphers.map(({ block }) => {
      const out = Buffer.alloc(16);
      block.encrypt(iv, out);
      return out;
    });
    assert.deepEqual(blocks[0], blocks[1]);
  }
});
