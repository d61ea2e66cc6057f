import assert from 'node:assert/strict';
import test from 'node:test';
import { createContext } from '../kernel/context.ts';
import { toHex } from '../kernel/hex.ts';
import { sha256 } from '../kernel/native/crypto.ts';
import { addSnapshot, idsOf, smallRepository } from '../testing/small-repository.ts';
import { writeLock } from '../vaults/repository/lock-acquire.ts';
import { thisHost } from '../vaults/repository/lock-holder.ts';
import { parseTree } from '../vaults/repository/format/tree.ts';
import { cat, type CatResult } from './cat.ts';

const context = createContext();

function json(result: CatResult): Record<string, unknown> {
  assert.ok(result.kind === 'text');
  return JSON.parse(result.text) as Record<string, unknown>;
}

function bytes(result: CatResult): Uint8Array {
  assert.ok(result.kind === 'bytes');
  return result.bytes;
}

test('every kind of object is shown', async () => {
  const repository = await smallRepository();
  const snapshot = await addSnapshot(repository, { folder: { file: 'content' } });
  const lock = await writeLock(repository, false, thisHost, 0);
  const show = (kind: string, id?: string) => cat(repository, kind, id, context);

  assert.equal(json(await show('config'))['id'], repository.config.id);
  const master = json(await show('masterkey'));
  assert.equal(master['encrypt'], Buffer.from(repository.key.encrypt).toString('base64'));
  assert.deepEqual(Object.keys(master['mac'] as object), ['k', 'r']);
  assert.equal(json(await show('key', repository.keyId.slice(0, 8)))['kdf'], 'scrypt');
  assert.equal(json(await show('lock', lock))['pid'], process.pid);
  assert.deepEqual(json(await show('snapshot', 'latest'))['paths'], ['/data']);
  const [index] = await idsOf(repository, 'index');
  assert.equal((json(await show('index', index))['packs'] as unknown[]).length, 2);
  for (const pack of await idsOf(repository, 'pack')) {
    assert.equal(toHex(sha256(bytes(await show('pack', pack)))), pack);
  }
  const blob = toHex(sha256(Buffer.from('content')));
  assert.equal(Buffer.from(bytes(await show('blob', blob))).toString(), 'content');
  const names = (result: CatResult) =>
    parseTree(bytes(result)).map(({ name }) => Buffer.from(name).toString());
  assert.deepEqual(names(await show('tree', snapshot)), ['folder']);
  assert.deepEqual(names(await show('tree', `latest:folder`)), ['file']);
});

test('what makes no sense or is not there is named', async () => {
  const repository = await smallRepository();
  await addSnapshot(repository, { file: 'content' });
  const show = (kind: string, id?: string) => cat(repository, kind, id, context);
  await assert.rejects(show('nonsense', 'x'), {
    code: 'usage',
    message: /^invalid type "nonsense", must be one of \[config/,
  });
  await assert.rejects(show('blob'), { code: 'usage', message: 'ID not specified' });
  await assert.rejects(show('blob', 'abc'), { code: 'usage', message: /unable to parse ID/ });
  await assert.rejects(show('blob', 'ab'.repeat(32)), { code: 'not-found', message: 'blob not found' });
  await assert.rejects(show('tree', 'latest:file'), {
    code: 'not-found',
    message: 'path file: not a directory',
  });
  await assert.rejects(show('tree', 'latest:a/b'), { code: 'not-found', message: 'path a: not found' });
});
