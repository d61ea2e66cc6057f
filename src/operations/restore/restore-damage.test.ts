import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createContext } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { recordReads } from '../../testing/reading-storage.ts';
import { addSnapshot, smallRepository, testNode, writeSnapshot } from '../../testing/small-repository.ts';
import { fileName } from '../../vaults/repository/files.ts';
import { TreeEncoder } from '../../vaults/repository/format/tree.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { createBlobWriter } from '../../vaults/repository/writer.ts';
import { restore, type RestoreOptions } from './restore.ts';

const room = mkdtempSync(join(tmpdir(), 'holdfast-restore-'));
after(() => rmSync(room, { recursive: true, force: true }));
const newTarget = () => join(mkdtempSync(join(room, 'case-')), 'target');

async function run(repository: Repository, target: string, options: Partial<RestoreOptions> = {}) {
  const problems: string[] = [];
  const result = await restore(
    repository,
    {
      ...{ snapshot: 'latest', target },
      ...options,
      report(event) {
        if (event.kind === 'problem') problems.push(`${event.path}: ${event.message}`);
      },
    },
    createContext(),
  );
  return { result, problems: problems.sort() };
}

/** Turns a bit in the sealed bytes of a blob, in the pack that its `copy` lies in. */
async function damage(storage: Storage, repository: Repository, blob: string, copy = 0): Promise<void> {
  const index = await repository.loadIndex();
  const entry = index.findAll('data', createHash('sha256').update(blob).digest())[copy]!;
  const name = fileName('pack', toHex(index.packId(index.packOf(entry))));
  const bytes = await storage.read(name);
  bytes[index.offsetOf(entry) + 20]! ^= 1;
  await storage.write(name, bytes);
}

test('a damaged blob costs the files that need it, and they are named', async () => {
  const storage = createMemoryStorage();
  const repository = await smallRepository(storage);
  await addSnapshot(repository, {
    fine: ['one', 'two'],
    broken: ['one', 'bad', 'bad', 'two'],
    also: 'bad',
    d: { good: 'good' },
  });
  await damage(storage, repository, 'bad');
  const target = newTarget();
  const { result, problems } = await run(repository, target, { verify: true });
  assert.equal(problems.length, 2);
  assert.match(problems[0]!, /^\/also: the data blob .* cannot be read: .*authentication code/);
  assert.match(problems[1]!, /^\/broken: the data blob/);
  assert.equal(result.errors, 2);
  assert.equal(result.filesVerified, 2);
  assert.equal(result.filesRestored, result.filesTotal - 2);
  assert.equal(readFileSync(join(target, 'fine'), 'utf8'), 'onetwo');
  assert.equal(readFileSync(join(target, 'd', 'good'), 'utf8'), 'good');
  // what could be had is there, and its time does not say that it is right
  assert.equal(readFileSync(join(target, 'broken'), 'utf8'), 'one\0\0\0\0\0\0two');
  assert.notEqual(lstatSync(join(target, 'broken')).mtimeMs, 1_700_000_000_123);
});

test('a blob that is damaged in one pack is taken from another', async () => {
  const storage = createMemoryStorage();
  const repository = await smallRepository(storage);
  await addSnapshot(repository, { file: ['first', 'twice'], other: 'twice' });
  const writer = await createBlobWriter(repository, {}, createContext());
  await writer.putAgain('data', Buffer.from('twice'));
  await writer.finish();
  repository.forgetIndex();
  await damage(storage, repository, 'twice');
  const target = newTarget();
  const { problems } = await run(repository, target);
  assert.deepEqual(problems, []);
  assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'firsttwice');
  assert.equal(readFileSync(join(target, 'other'), 'utf8'), 'twice');
});

test('a missing pack, a missing blob and a missing tree: everything else is restored', async () => {
  const storage = createMemoryStorage();
  const repository = await smallRepository(storage);
  await addSnapshot(repository, { old: 'in a pack of its own' });
  const index = await repository.loadIndex();
  const pack = [...index.entries()]
    .filter((entry) => index.typeOf(entry) === 'data')
    .map((entry) => fileName('pack', toHex(index.packId(index.packOf(entry)))))[0]!;
  const absent = new Uint8Array(32).fill(7);
  await addSnapshot(
    repository,
    {
      gone: { node: { type: 'dir', subtree: absent } },
      lost: { node: { content: absent, size: 5 } },
      fine: 'fine',
      old: 'in a pack of its own',
      wrong: { node: { size: 3 } },
    },
    { time: '2025-01-01T00:00:00Z' },
  );
  await storage.remove(pack);
  const target = newTarget();
  const { result, problems } = await run(repository, target);
  const id = toHex(absent);
  assert.deepEqual(problems.slice(0, 2), [
    `/gone: the tree blob ${id} is in no index`,
    `/lost: the data blob ${id} is in no index`,
  ]);
  assert.match(problems[2]!, /^\/old: .* does not exist/);
  assert.equal(problems[3], '/wrong: the snapshot states 3 bytes, and its content has 0');
  assert.equal(result.errors, 4);
  assert.equal(readFileSync(join(target, 'fine'), 'utf8'), 'fine');
});

test('an interrupted restore goes on where it was', async () => {
  const storage = recordReads(createMemoryStorage());
  const repository = await smallRepository(storage);
  const folder: Record<string, string[]> = {};
  for (let i = 0; i < 40; i++) {
    const writer = await createBlobWriter(repository, {}, createContext());
    await writer.put('data', Buffer.from(`pack ${i} `.repeat(50_000)));
    await writer.finish();
    folder[`file ${i}`] = [`pack ${i} `.repeat(50_000)];
  }
  folder['spread'] = Object.values(folder).flat();
  await addSnapshot(repository, folder);
  const target = newTarget();
  const abort = new AbortController();
  let packs = 0;
  storage.onRead = ({ name }) => {
    if (name.startsWith('data/') && ++packs === 25) abort.abort();
  };
  const started = restore(
    repository,
    { snapshot: 'latest', target },
    createContext({ signal: abort.signal }),
  );
  await assert.rejects(started, { code: 'interrupted' });
  assert.notEqual(lstatSync(join(target, 'spread')).mtimeMs, 1_700_000_000_123);

  storage.onRead = () => {};
  storage.reads.length = 0;
  const { result, problems } = await run(repository, target, { verify: true });
  assert.deepEqual(problems, []);
  const read = storage.reads.filter(({ name }) => name.startsWith('data/')).length;
  assert.ok(read < 35, `${read} packs read again`);
  assert.ok(result.filesSkipped > 5);
  for (const [name, blobs] of Object.entries(folder)) {
    assert.equal(readFileSync(join(target, name), 'utf8'), blobs.join(''), name);
    assert.equal(lstatSync(join(target, name)).mtimeMs, 1_700_000_000_123);
  }
});

test('a storage that fails as a whole ends the restore', async () => {
  const storage = recordReads(createMemoryStorage());
  const repository = await smallRepository(storage);
  await addSnapshot(repository, { a: 'a', b: 'b' });
  const index = await repository.loadIndex();
  const trees = new Set([...index.entries()].filter((entry) => index.typeOf(entry) === 'tree'));
  const treePacks = new Set([...trees].map((entry) => toHex(index.packId(index.packOf(entry)))));
  storage.onRead = ({ name }) => {
    if (name.startsWith('data/') && !treePacks.has(name.slice(-64))) {
      throw new HoldfastError('unreachable', 'the server is gone');
    }
  };
  await assert.rejects(run(repository, newTarget()), { code: 'unreachable' });
});

test('verify finds what changed behind its back', async () => {
  const storage = createMemoryStorage();
  const repository = await smallRepository(storage);
  await addSnapshot(repository, { a: ['aaaa', 'bbbb'], b: 'cut short', c: 'fine' });
  const target = newTarget();
  const problems: string[] = [];
  const result = await restore(
    repository,
    {
      ...{ snapshot: 'latest', target, verify: true },
      report(event) {
        if (event.kind === 'problem') problems.push(`${event.path}: ${event.message}`);
        if (event.kind !== 'verifying') return;
        writeFileSync(join(target, 'a'), 'aaaabbbc');
        truncateSync(join(target, 'b'), 3);
      },
    },
    createContext(),
  );
  assert.deepEqual(problems.sort(), [
    '/a: unexpected content, starting at offset 4',
    '/b: it should have 9 bytes and has 3',
  ]);
  assert.deepEqual([result.errors, result.filesVerified], [2, 1]);
});

test('what cannot be written is named, and the rest is written', async () => {
  const repository = await smallRepository();
  await addSnapshot(repository, { d: 'a file now', e: { inside: 'x' }, fine: 'fine' });
  const target = newTarget();
  await addSnapshot(repository, { d: { blocks: 'the way' }, fine: 'old' }, { time: '2020-01-01T00:00:00Z' });
  await run(repository, target, { snapshot: 'latest~1' });
  const { problems } = await run(repository, target);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^\/d: .*not empty/);
  assert.equal(readFileSync(join(target, 'fine'), 'utf8'), 'fine');
  const { problems: after } = await run(repository, target, { delete: true });
  assert.deepEqual(after, []);
  assert.equal(readFileSync(join(target, 'd'), 'utf8'), 'a file now');
});

test('a directory that cannot be made is named once, for all that belongs in it', async () => {
  const repository = await smallRepository();
  const long = 'x'.repeat(300);
  await addSnapshot(repository, { [long]: { a: 'a', deep: { er: 'b' } }, fine: 'fine' });
  const target = newTarget();
  const { result, problems } = await run(repository, target, { delete: true });
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /: create directory .*name too long/);
  assert.deepEqual([result.errors, result.filesRestored, result.filesTotal], [1, 1, 5]);
  assert.equal(readFileSync(join(target, 'fine'), 'utf8'), 'fine');
  const { problems: included } = await run(repository, target, {
    patterns: { includes: ['er'], insensitiveIncludes: [], excludes: [], insensitiveExcludes: [] },
  });
  assert.equal(included.length, 1);
});

test('a node of an unknown kind is named', async () => {
  const repository = await smallRepository();
  const writer = await createBlobWriter(repository, {}, createContext());
  const encoder = new TreeEncoder();
  encoder.add(testNode('odd', { type: 'irregular' }));
  const { id } = await writer.put('tree', encoder.finish());
  await writer.finish();
  await writeSnapshot(repository, { tree: toHex(id) });
  const { problems } = await run(repository, newTarget());
  assert.deepEqual(problems, ['/odd: entries of the type "irregular" cannot be restored']);
});
