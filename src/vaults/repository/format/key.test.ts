import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode, messageOf } from '../../../kernel/errors.ts';
import { calibrate, createKey, decodeKeyFile, encodeKeyFile, openKey } from './key.ts';
import { newMasterKey, seal } from './seal.ts';

const password = Buffer.from('correct horse');
const master = newMasterKey();
const options = { hostname: 'höst <a>', username: 'me', cost: 'random-key', now: 1_700_000_000_123 } as const;
const made = await createKey(password, master, options);

test('a key opens with its password alone, after it was stored', async () => {
  const bytes = encodeKeyFile(made);
  assert.match(
    Buffer.from(bytes).toString(),
    /^\{"created":"2023-11-1.*\.123.*","username":"me","hostname":"höst \\u003ca\\u003e","kdf":"scrypt","N":/,
  );
  const file = decodeKeyFile(bytes);
  assert.deepEqual(file, made);
  assert.deepEqual(await openKey(file, password), master);
  await assert.rejects(openKey(file, Buffer.from('another')), (error) => hasCode(error, 'wrong-password'));
  await assert.rejects(openKey({ ...file, data: file.data.slice(1) }, password), (error) =>
    hasCode(error, 'wrong-password'),
  );
});

test('the cost for a password takes the time that is asked for, and restic takes it as valid', async () => {
  let at = 0;
  // the probe takes 10 ms, so that one whole pass takes 20
  const cost = await calibrate(500, () => (at += 10) - 10);
  assert.deepEqual(cost, { N: 32768, r: 8, p: 16 });
  at = 0;
  assert.deepEqual(await calibrate(500, () => (at += 400) - 400), { N: 32768, r: 8, p: 1 });
});

function damaged(change: Record<string, unknown>): Uint8Array {
  return Buffer.from(
    JSON.stringify({ ...(JSON.parse(Buffer.from(encodeKeyFile(made)).toString()) as object), ...change }),
  );
}

test('every fault is named, and no key file can ask for absurd memory or time', () => {
  const faults: readonly (readonly [change: Record<string, unknown>, part: string])[] = [
    [{ N: undefined }, 'N is missing'],
    [{ N: 1000 }, 'N is no power of two'],
    [{ N: 0 }, 'N is no power of two'],
    [{ N: 2 ** 40 }, 'more than 1 GiB'],
    [{ N: 1024, r: 2 ** 30 }, 'more than 1 GiB'],
    [{ r: 0 }, 'r is zero'],
    [{ p: 0 }, 'p is zero'],
    [{ p: 1_000_000 }, 'p asks for more'],
    [{ N: 16.5 }, 'N is no whole number'],
    [{ salt: 'AAAA' }, 'salt has 3 bytes instead of 64'],
    [{ salt: 'A' }, 'salt is no base64'],
    [{ data: '' }, 'data is too short'],
    [{ username: 7 }, 'username is no text'],
  ];
  for (const [change, part] of faults) {
    assert.throws(
      () => decodeKeyFile(damaged(change)),
      (error) => hasCode(error, 'corrupt') && messageOf(error).includes(part),
      part,
    );
  }
  assert.throws(
    () => decodeKeyFile(damaged({ kdf: 'argon2' })),
    (error) => hasCode(error, 'unsupported'),
  );
  assert.throws(
    () => decodeKeyFile(Buffer.from('')),
    (error) => hasCode(error, 'corrupt') && messageOf(error).includes('empty'),
  );
});

test('what the password opens must be a master key', async () => {
  const { scryptSync } = await import('node:crypto');
  const bytes = new Uint8Array(scryptSync(password, made.salt, 64, { N: made.N, r: made.r, p: made.p }));
  const user = { encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48, 64) };
  const zeros = (count: number) => Buffer.alloc(count).toString('base64');
  const ones = (count: number) => Buffer.alloc(count, 1).toString('base64');
  const inside = [
    '[]',
    '{"encrypt":"AAAA"}',
    JSON.stringify({ mac: { k: ones(16), r: ones(15) }, encrypt: ones(32) }),
    JSON.stringify({ mac: { k: ones(16), r: ones(16) }, encrypt: zeros(32) }),
  ];
  for (const json of inside) {
    const file = { ...made, data: seal(user, Buffer.from(json)) };
    await assert.rejects(
      openKey(file, password),
      (error) => hasCode(error, 'corrupt') && messageOf(error).includes('master key'),
    );
  }
});
