import assert from 'node:assert/strict';
import test from 'node:test';
import { createContext } from '../kernel/context.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { idsOf, smallRepository } from '../testing/small-repository.ts';
import { openRepository } from '../vaults/repository/open.ts';
import { addKey, changePassword, listKeys, removeKey } from './key.ts';

const context = createContext();
const cheap = { cost: 'random-key' } as const;
const second = Buffer.from('second');

test('an added key opens the repository, and is listed with who made it', async () => {
  const repository = await smallRepository();
  const id = await addKey(
    repository,
    { password: second, username: 'ops', hostname: 'box', ...cheap },
    context,
  );
  const keys = await listKeys(repository, context);
  assert.deepEqual(
    keys.map((key) => key.id),
    [id, repository.keyId].sort(),
  );
  const added = keys.find((key) => key.id === id)!;
  assert.deepEqual([added.userName, added.hostName, added.current], ['ops', 'box', false]);
  assert.ok(Number.isFinite(Date.parse(added.created)));
  const opened = await openRepository(repository.storage, second);
  assert.equal(opened.keyId, id);
});

test('a key is removed by the beginning of its id, never the one in use', async () => {
  const repository = await smallRepository();
  const id = await addKey(repository, { password: second, ...cheap }, context);
  const inUse = removeKey(repository, repository.keyId, context);
  await assert.rejects(inUse, { code: 'usage', message: /refusing to remove key currently used/ });
  await assert.rejects(removeKey(repository, 'ab'.repeat(32), context), { code: 'not-found' });
  assert.equal(await removeKey(repository, id.slice(0, 12), context), id);
  assert.deepEqual(await idsOf(repository, 'key'), [repository.keyId]);
  await assert.rejects(openRepository(repository.storage, second), { code: 'wrong-password' });
});

test('a changed password opens, and the old one does not any more', async () => {
  const repository = await smallRepository();
  const id = await changePassword(repository, { password: second, ...cheap }, context);
  assert.deepEqual(await idsOf(repository, 'key'), [id]);
  await openRepository(repository.storage, second);
  await assert.rejects(openRepository(repository.storage, Buffer.from('test')), { code: 'wrong-password' });
});

test('a key that does not read back as it was written is taken away, and the old one stays', async () => {
  const memory = createMemoryStorage();
  let twist = false;
  const repository = await smallRepository({
    ...memory,
    async read(name, options) {
      const bytes = await memory.read(name, options);
      if (twist && name.startsWith('keys/')) bytes[30]! ^= 1;
      return bytes;
    },
  });
  twist = true;
  await assert.rejects(changePassword(repository, { password: second, ...cheap }, context), {
    code: 'failed',
    message: /^failed to access the repository with the new key/,
  });
  twist = false;
  assert.deepEqual(await idsOf(repository, 'key'), [repository.keyId]);
});
