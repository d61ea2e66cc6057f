import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { opensslPoly1305, poly1305, sodiumPoly1305 } from './poly1305.ts';

test('poly1305 agrees with the vector of RFC 8439', () => {
  const key = Buffer.from('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b', 'hex');
  for (const mac of [poly1305, sodiumPoly1305()]) {
    const out = Buffer.alloc(16);
    mac(out, Buffer.from('Cryptographic Forum Research Group'), key);
    assert.equal(out.toString('hex'), 'a8061dc1305136c6c22b8baf0c0127a9');
  }
});

test('openssl and libsodium give the same, whatever lies next to it in shared memory', (t) => {
  const openssl = opensslPoly1305();
  if (!openssl) return t.skip('openssl does not give poly1305 here');
  const sodium = sodiumPoly1305();
  const memory = new Uint8Array(new SharedArrayBuffer(300_000));
  memory.set(randomBytes(memory.length));
  for (const length of [0, 1, 15, 16, 17, 255, 256, 257, 4095, 8192, 65_537, 262_144]) {
    const key = randomBytes(32);
    const at = length % 61;
    const data = memory.subarray(at, at + length);
    const [a, b] = [Buffer.alloc(16), Buffer.alloc(16)];
    openssl(a, data, key);
    sodium(b, data, key);
    assert.deepEqual(a, b, `of ${length} bytes`);
  }
});
