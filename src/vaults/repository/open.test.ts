import assert from 'node:assert/strict';
import test from 'node:test';
import { createContext } from '../../kernel/context.ts';
import { toHex } from '../../kernel/hex.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { idsOf } from '../../testing/small-repository.ts';
import { encodeConfig } from './format/config.ts';
import { createKey, encodeKeyFile } from './format/key.ts';
import { newMasterKey, seal } from './format/seal.ts';
import { initRepository } from './init.ts';
import { openRepository } from './open.ts';

const password = Buffer.from('secret');
const cheap = { cost: 'random-key' } as const;

async function storedKey(storage: Storage): Promise<{ name: string; bytes: Uint8Array }> {
  for await (const { name } of storage.list('keys/')) return { name, bytes: await storage.read(name) };
  throw new Error('no key');
}

/** Writes a key file under its hash, as restic would. */
async function writeKey(storage: Storage, bytes: Uint8Array): Promise<string> {
  const id = toHex(sha256(bytes));
  await storage.write(`keys/${id}`, bytes);
  return id;
}

async function otherKey(text: string, host = 'elsewhere'): Promise<Uint8Array> {
  const options = { hostname: host, username: 'user', cost: 'random-key', now: 0 } as const;
  return encodeKeyFile(await createKey(Buffer.from(text), newMasterKey(), options));
}

test('what init makes, open opens', async () => {
  const storage = createMemoryStorage();
  const made = await initRepository(storage, password, { ...cheap, hostname: 'h', username: 'u' });
  const opened = await openRepository(storage, password);
  assert.deepEqual(opened.config, made.config);
  assert.equal(opened.config.version, 2);
  assert.equal(opened.chunker, 'fast');
  assert.equal(opened.keyId, made.keyId);
  assert.deepEqual(Buffer.from(opened.key.encrypt), Buffer.from(made.key.encrypt));
  assert.deepEqual(await idsOf(opened, 'key'), [made.keyId]);
});

test('the choice of the chunker and of the polynomial is kept', async () => {
  for (const chunker of ['rabin', 'fast'] as const) {
    const storage = createMemoryStorage();
    const polynomial = 0x3da3358b4dc173n;
    await initRepository(storage, password, { ...cheap, chunker, polynomial, version: 1 });
    const { config, chunker: kept } = await openRepository(storage, password);
    assert.equal(kept, chunker);
    assert.equal(config.chunkerPolynomial, polynomial);
    assert.equal(config.version, 1);
  }
});

test('init leaves alone what is there', async () => {
  const storage = createMemoryStorage();
  await initRepository(storage, password, cheap);
  await assert.rejects(initRepository(storage, password, cheap), {
    code: 'exists',
    message: /holds a config file/,
  });
  await storage.remove('config');
  await assert.rejects(initRepository(storage, password, cheap), { code: 'exists', message: /holds keys/ });
  await storage.remove((await storedKey(storage)).name);
  await storage.write(`snapshots/${'ab'.repeat(32)}`, Buffer.from('x'));
  await assert.rejects(initRepository(storage, password, cheap), {
    code: 'exists',
    message: /holds snapshots/,
  });
});

test('two inits at the same time make one repository', async () => {
  const storage = createMemoryStorage();
  const results = await Promise.allSettled([
    initRepository(storage, password, cheap),
    initRepository(storage, Buffer.from('other'), cheap),
  ]);
  const made = results.filter((result) => result.status === 'fulfilled');
  assert.equal(made.length, 1);
  const names = [];
  for await (const { name } of storage.list('keys/')) names.push(name);
  assert.deepEqual(names, [`keys/${made[0]!.value.keyId}`]);
});

test('a config write whose answer was lost counts as done', async () => {
  const memory = createMemoryStorage();
  const storage: Storage = {
    ...memory,
    async write(name, body, options) {
      await memory.write(name, body, options);
      if (name === 'config') throw new Error('connection lost');
    },
  };
  const made = await initRepository(storage, password, cheap);
  assert.equal((await openRepository(memory, password)).config.id, made.config.id);
});

test('no repository, and a config that is empty, cut off or altered', async () => {
  const storage = createMemoryStorage();
  await assert.rejects(openRepository(storage, password), { code: 'no-repository' });
  await initRepository(storage, password, cheap);
  const config = await storage.read('config');
  await storage.write('config', new Uint8Array(0));
  await assert.rejects(openRepository(storage, password), {
    code: 'corrupt',
    message: /config file .* is empty/,
  });
  await storage.write('config', config.slice(0, 20));
  await assert.rejects(openRepository(storage, password), {
    code: 'corrupt',
    message: /config file or the key/,
  });
  config[40]! ^= 1;
  await storage.write('config', config);
  await assert.rejects(openRepository(storage, password), {
    code: 'corrupt',
    message: /config file or the key/,
  });
});

test('a newer version is refused by name', async () => {
  const storage = createMemoryStorage();
  const { key, config } = await initRepository(storage, password, cheap);
  await storage.write('config', seal(key, encodeConfig({ ...config, version: 3 as 2 })));
  await assert.rejects(openRepository(storage, password), { code: 'unsupported', message: /version 3/ });
});

test('a wrong password, and no key at all', async () => {
  const storage = createMemoryStorage();
  await initRepository(storage, password, cheap);
  const wrong = openRepository(storage, Buffer.from('Secret'));
  await assert.rejects(wrong, { code: 'wrong-password', message: 'wrong password or no key found' });
  await storage.remove((await storedKey(storage)).name);
  const none = openRepository(storage, password);
  await assert.rejects(none, { code: 'wrong-password', hint: /no key file/ });
});

test('among several keys the right one is found, also behind damaged ones', async () => {
  const storage = createMemoryStorage();
  const { keyId } = await initRepository(storage, password, cheap);
  for (const text of ['a', 'b', 'c']) await writeKey(storage, await otherKey(text));
  assert.equal((await openRepository(storage, password)).keyId, keyId);
  const hinted = await openRepository(storage, password, { keyHint: keyId.slice(0, 6) });
  assert.equal(hinted.keyId, keyId);

  await storage.write(`keys/${'ab'.repeat(32)}`, Buffer.from('not what its name says'));
  const warnings: string[] = [];
  const context = createContext({ warn: (message) => warnings.push(message) });
  assert.equal((await openRepository(storage, password, { context })).keyId, keyId);
  assert.match(warnings.join(), /key file abababab is damaged/);
});

test('a damaged key is named when no other opens', async () => {
  const storage = createMemoryStorage();
  await initRepository(storage, password, cheap);
  const { name, bytes } = await storedKey(storage);
  await storage.write(name, bytes.slice(0, 100));
  const open = () => openRepository(storage, password);
  await assert.rejects(open(), { code: 'corrupt', message: /does not match its name/ });
  await storage.remove(name);
  await writeKey(storage, bytes.slice(0, 100));
  await assert.rejects(open(), { code: 'corrupt', message: /key file .* is damaged: it is no key/ });
});

test('files are fetched while the password is tried, and each byte is checked all the same', async () => {
  const memory = createMemoryStorage();
  const made = await initRepository(memory, password, cheap);
  const id = await made.writeFile('index', Buffer.from('{"packs":[]}'));
  const reads: string[] = [];
  const storage: Storage = {
    ...memory,
    read(name, options) {
      reads.push(name);
      return memory.read(name, options);
    },
  };
  const repository = await openRepository(storage, password, { prefetch: ['index'] });
  assert.equal(Buffer.from(await repository.readFile('index', id)).toString(), '{"packs":[]}');
  assert.equal(reads.filter((name) => name.startsWith('index/')).length, 1);
  const bytes = await memory.read(`index/${id}`);
  bytes[20]! ^= 1;
  await memory.write(`index/${id}`, bytes);
  const damaged = await openRepository(storage, password, { prefetch: ['index'] });
  await assert.rejects(damaged.readFile('index', id), { code: 'corrupt', message: /^the index file/ });
});

test('an interrupted context ends the opening', async () => {
  const storage = createMemoryStorage();
  await initRepository(storage, password, cheap);
  const context = createContext({ signal: AbortSignal.abort() });
  await assert.rejects(openRepository(storage, password, { context }), { code: 'interrupted' });
});
