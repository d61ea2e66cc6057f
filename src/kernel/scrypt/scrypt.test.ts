import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { scrypt, type ScryptCost } from './scrypt.ts';

const text = new TextEncoder();

test('the published example of 16 MiB comes out', async () => {
  // RFC 7914, section 12
  const cost = { N: 16384, r: 8, p: 1 };
  const derived = await scrypt(text.encode('pleaseletmein'), text.encode('SodiumChloride'), 64, cost);
  assert.equal(
    Buffer.from(derived).toString('hex'),
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
      'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  );
});

const costs: ScryptCost[] = [
  { N: 2, r: 1, p: 1 },
  { N: 4096, r: 8, p: 2 },
  { N: 4096, r: 8, p: 3 },
  { N: 2048, r: 17, p: 5 },
  { N: 32768, r: 1, p: 4 },
  { N: 32768, r: 8, p: 6 },
];

for (const cost of costs) {
  test(`OpenSSL derives the same with N ${cost.N}, r ${cost.r}, p ${cost.p}`, async () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    const derive = async (password: Uint8Array, salt: Uint8Array): Promise<void> => {
      const expected = scryptSync(password, salt, 64, { ...cost, maxmem: 2 ** 26 });
      assert.deepEqual(Buffer.from(await scrypt(password, salt, 64, cost)), expected);
    };
    await fc.assert(fc.asyncProperty(bytes, bytes, derive), { numRuns: 5 });
  });
}
