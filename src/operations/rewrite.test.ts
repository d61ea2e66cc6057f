import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { toHex } from '../kernel/hex.ts';
import { createBlobWriter } from '../vaults/repository/writer.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import {
  addSnapshot,
  idsOf,
  smallRepository,
  treeOf,
  writeSnapshot,
  type TestFolder,
} from '../testing/small-repository.ts';
import { rewrite, type RewriteOptions } from './rewrite.ts';
import { walkTree } from './tree-walk.ts';

const context = createContext();
const noPatterns = { excludes: [], insensitiveExcludes: [], includes: [], insensitiveIncludes: [] };
const folder: TestFolder = {
  data: { keep: { 'a.txt': 'a', 'b.LOG': 'bb' }, logs: { 'c.log': 'ccc' }, 'd.txt': 'dddd' },
};

async function run(repository: Repository, options: Partial<RewriteOptions>) {
  return rewrite(repository, { filter: {}, patterns: noPatterns, ...options }, context);
}

async function paths(repository: Repository, id: string): Promise<string[]> {
  const found: string[] = [];
  await walkTree(
    repository,
    await treeOf(repository, id),
    { entry: (path) => void found.push(path) },
    context,
  );
  return found;
}

async function newest(repository: Repository, old: string): Promise<string> {
  return (await idsOf(repository, 'snapshot')).find((id) => id !== old)!;
}

test('excludes make a new snapshot beside the old one, tagged, with a summary that fits', async () => {
  await using repository = await smallRepository();
  const old = await addSnapshot(repository, folder, { tags: ['mine'] });
  const excluded: string[] = [];
  const patterns = { ...noPatterns, insensitiveExcludes: ['*.log'] };
  const onPath: RewriteOptions['onPath'] = (path) => void excluded.push(path);
  assert.deepEqual(await run(repository, { patterns, onPath }), { modified: 1 });
  assert.deepEqual(excluded, ['/data/keep/b.LOG', '/data/logs/c.log']);
  const id = await newest(repository, old);
  assert.deepEqual(await paths(repository, id), [
    '/data',
    '/data/d.txt',
    '/data/keep',
    '/data/keep/a.txt',
    '/data/logs',
  ]);
  const snapshot = await repository.readSnapshot(id);
  assert.deepEqual([snapshot.tags, snapshot.original], [['mine', 'rewrite'], old]);
  assert.equal(snapshot.summary?.totalFilesProcessed, 2);
  assert.equal(snapshot.summary?.totalBytesProcessed, 5);
  assert.deepEqual(await run(repository, { patterns, filter: { ids: [id] } }), { modified: 0 });
});

test('includes keep the way to what is included, and a snapshot without any of it is left alone', async () => {
  await using repository = await smallRepository();
  const old = await addSnapshot(repository, folder);
  await run(repository, { patterns: { ...noPatterns, includes: ['/data/logs', '*.txt'] }, forget: true });
  const [id] = await idsOf(repository, 'snapshot');
  assert.notEqual(id, old);
  assert.deepEqual(await paths(repository, id!), [
    '/data',
    '/data/d.txt',
    '/data/keep',
    '/data/keep/a.txt',
    '/data/logs',
    '/data/logs/c.log',
  ]);
  assert.deepEqual((await repository.readSnapshot(id!)).tags, []);
  const nothing = { ...noPatterns, includes: ['nowhere'] };
  assert.deepEqual(await run(repository, { patterns: nothing }), { modified: 0 });
});

test('host and time change without touching the tree, and a dry run changes nothing', async () => {
  await using repository = await smallRepository();
  const old = await addSnapshot(repository, folder);
  const change = { newHost: 'other', newTime: { sec: 1_600_000_000, nsec: 0, offset: 120 } };
  const packs = await idsOf(repository, 'pack');
  assert.deepEqual(await run(repository, { ...change, dryRun: true }), { modified: 1 });
  assert.deepEqual(await idsOf(repository, 'snapshot'), [old]);
  await run(repository, { patterns: { ...noPatterns, excludes: ['*'] }, dryRun: true });
  assert.deepEqual(await idsOf(repository, 'pack'), packs);
  await run(repository, { ...change, forget: true });
  const [id] = await idsOf(repository, 'snapshot');
  const snapshot = await repository.readSnapshot(id!);
  assert.deepEqual([snapshot.hostname, snapshot.time], ['other', '2020-09-13T14:26:40+02:00']);
  await assert.rejects(run(repository, {}), { code: 'usage', message: /nothing to do/ });
});

test('a tree that would lose something is not rewritten', async () => {
  await using repository = await smallRepository();
  const writer = await createBlobWriter(repository, {}, context);
  const { id } = await writer.put('tree', Buffer.from('{"nodes":[],"later":1}\n'));
  await writer.finish();
  await writeSnapshot(repository, { tree: toHex(id) });
  await assert.rejects(run(repository, { snapshotSummary: true }), {
    code: 'unsupported',
    message: /losing information/,
  });
});
