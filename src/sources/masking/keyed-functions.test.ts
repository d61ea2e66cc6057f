import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../kernel/errors.ts';
import { createMaskingKey, type KeyedFunctions, scratchSize } from './keyed-functions.ts';

const key = createMaskingKey(Buffer.from('0123456789abcdef'));
const functions = key.functions('test');

function digestOf(from: KeyedFunctions, value: Uint8Array, attempt?: number): string {
  from.hash(value, 0, value.length, attempt);
  return Buffer.from(new Uint8Array(from.digest.buffer, from.digest.byteOffset, 16)).toString('hex');
}

function permuted(value: string, permute: (length: number) => void): string {
  functions.scratch.set(Buffer.from(value, 'latin1'));
  permute(value.length);
  return Buffer.from(functions.scratch.subarray(0, value.length)).toString('latin1');
}

const shape = (value: string) => permuted(value, functions.permuteShape);
const integer = (value: string, negative = false) =>
  permuted(value, (length) => functions.permuteInteger(0, length, negative));

/** SipHash-2-4-128 as its paper writes it, with big integers. */
function sipHash(key: Buffer, message: Buffer): string {
  const mask = (1n << 64n) - 1n;
  const rotate = (v: bigint, n: bigint) => ((v << n) | (v >> (64n - n))) & mask;
  const [k0, k1] = [key.readBigUInt64LE(0), key.readBigUInt64LE(8)];
  const v = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn ^ 0xeen,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ] as [bigint, bigint, bigint, bigint];
  const round = () => {
    v[0] = (v[0] + v[1]) & mask;
    v[1] = rotate(v[1], 13n) ^ v[0];
    v[0] = rotate(v[0], 32n);
    v[2] = (v[2] + v[3]) & mask;
    v[3] = rotate(v[3], 16n) ^ v[2];
    v[0] = (v[0] + v[3]) & mask;
    v[3] = rotate(v[3], 21n) ^ v[0];
    v[2] = (v[2] + v[1]) & mask;
    v[1] = rotate(v[1], 17n) ^ v[2];
    v[2] = rotate(v[2], 32n);
  };
  const padded = Buffer.alloc((Math.floor(message.length / 8) + 1) * 8);
  message.copy(padded);
  padded[padded.length - 1] = message.length & 255;
  for (let at = 0; at < padded.length; at += 8) {
    const block = padded.readBigUInt64LE(at);
    v[3] ^= block;
    round();
    round();
    v[0] ^= block;
  }
  v[2] ^= 0xeen;
  const out = Buffer.alloc(16);
  for (let half = 0; half < 2; half++) {
    for (let i = 0; i < 4; i++) round();
    out.writeBigUInt64LE(v[0] ^ v[1] ^ v[2] ^ v[3], half * 8);
    v[1] ^= 0xddn;
  }
  return out.toString('hex');
}

test('the test has the vectors of the reference implementation', () => {
  const key = Buffer.from(Array.from({ length: 16 }, (_, i) => i));
  assert.equal(sipHash(key, Buffer.alloc(0)), 'a3817f04ba25a8e66df67214c7550293');
  assert.equal(sipHash(key, Buffer.from([0])), 'da87c1d86b99af44347659119b22fc45');
});

test('the digest is SipHash-2-4-128 under a key of its own for each use', async () => {
  const { createHmac } = await import('node:crypto');
  const subkey = createHmac('sha256', '0123456789abcdef').update('holdfast masking 1\0test').digest();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
      assert.equal(digestOf(functions, value), sipHash(subkey.subarray(0, 16), Buffer.from(value)));
    }),
  );
  assert.notEqual(digestOf(functions, Buffer.from('a')), digestOf(key.functions('x'), Buffer.from('a')));
  assert.notEqual(digestOf(functions, Buffer.from('a')), digestOf(functions, Buffer.from('a'), 1));
});

test('values longer than the memory have digests of their own', () => {
  const long = Buffer.alloc(3 * scratchSize, 'x');
  const before = digestOf(functions, long);
  assert.equal(digestOf(functions, Buffer.from(long)), before);
  long[2 * scratchSize] = 0;
  assert.notEqual(digestOf(functions, long), before);
});

test('shapes: every small domain is permuted, without a fixed point', () => {
  for (const [low, count, text] of [
    ['0'.charCodeAt(0), 10, (c: string) => c],
    ['a'.charCodeAt(0), 26, (c: string) => `-${c}-`],
  ] as const) {
    const values = Array.from({ length: count }, (_, i) => text(String.fromCharCode(low + i)));
    const masked = values.map((value) => shape(value));
    assert.deepEqual(masked.toSorted(), values);
    assert.ok(values.every((value, i) => value !== masked[i]));
  }
  const codes = Array.from({ length: 26000 }, (_, i) => {
    return `${String.fromCharCode(65 + (i % 26))}/${String(Math.floor(i / 26)).padStart(3, '0')}`;
  });
  const masked = codes.map((code) => shape(code));
  assert.equal(new Set(masked).size, codes.length);
  assert.ok(masked.every((code, i) => /^[A-Z]\/\d{3}$/.test(code) && code !== codes[i]));
});

test('shapes keep their form and never stay as they are', () => {
  const form = (text: string) =>
    text.replaceAll(/\d/g, '0').replaceAll(/[a-z]/g, 'a').replaceAll(/[A-Z]/g, 'A');
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~]{1,60}$/), (value) => {
      const masked = shape(value);
      assert.equal(form(masked), form(value));
      if (/[a-zA-Z0-9]/.test(value)) assert.notEqual(masked, value);
      assert.equal(shape(value), masked);
    }),
  );
});

test('whole numbers keep their digits and fit where they fitted, and every class is permuted', () => {
  const signed = [7n, 15n, 23n, 31n, 63n].map((bits) => 2n ** bits - 1n);
  const unsigned = [8n, 16n, 24n, 32n].map((bits) => 2n ** bits - 1n);
  for (const negative of [false, true]) {
    const limits = negative ? signed.map((limit) => limit + 1n) : [...signed, ...unsigned];
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), fc.nat(62), (any, shift) => {
        const value = (any >> BigInt(shift)) + 1n;
        const masked = BigInt(integer(String(value), negative));
        assert.equal(String(masked).length, String(value).length);
        for (const limit of limits) assert.equal(masked <= limit, value <= limit, `${value} ${masked}`);
      }),
    );
  }
  const values = Array.from({ length: 40000 }, (_, i) => String(i));
  const masked = values.map((value) => integer(value));
  assert.equal(new Set(masked).size, values.length);
  assert.equal(masked.filter((value, i) => value === values[i]).length, 0);
  assert.equal(integer('18446744073709551615').length, 20);
});

test('up to seven bytes are permuted', () => {
  const masked = new Set<string>();
  for (let i = 0; i < 65536; i++)
    masked.add(permuted(String.fromCharCode(i >> 8, i & 255), functions.permuteBytes));
  assert.equal(masked.size, 65536);
});

test('a short secret is refused', () => {
  assert.throws(
    () => createMaskingKey(Buffer.from('short')),
    (error) => hasCode(error, 'usage'),
  );
});
