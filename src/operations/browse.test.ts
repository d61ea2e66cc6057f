import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { toHex } from '../kernel/hex.ts';
import { addSnapshot, idsOf, smallRepository, treeOf, type TestFolder } from '../testing/small-repository.ts';
import { dump } from './dump.ts';
import { find, type FindOptions } from './find.ts';
import { ls, type LsOptions } from './ls.ts';
import { stats, type StatsMode } from './stats.ts';

const context = createContext();
const folder: TestFolder = {
  home: { me: { 'a.txt': 'aaa', 'B.TXT': ['bb', 'cc'], deep: { 'c.log': '1' } }, you: {} },
  top: { node: { links: 2, inode: 7n, size: 4, content: new Uint8Array(0) } },
  'top too': { node: { links: 2, inode: 7n, size: 4, content: new Uint8Array(0) } },
};

async function made() {
  const repository = await smallRepository();
  const id = await addSnapshot(repository, folder);
  return { repository, id };
}

async function listed(options: Partial<LsOptions>): Promise<string[]> {
  const { repository } = await made();
  const lines: string[] = [];
  await ls(
    repository,
    {
      snapshot: 'latest',
      onEntry: ({ path, leading }) => void lines.push(leading ? `(${path})` : path),
      ...options,
    },
    context,
  );
  return lines;
}

test('everything is listed, or what lies in a folder, with the way to it', async () => {
  assert.equal((await listed({})).length, 9);
  assert.deepEqual(await listed({ folders: ['/home/me'] }), [
    '(/home)',
    '/home/me',
    '/home/me/B.TXT',
    '/home/me/a.txt',
    '/home/me/deep',
  ]);
  const recursive = await listed({ folders: ['/home/me/'], recursive: true });
  assert.equal(recursive.at(-1), '/home/me/deep/c.log');
  assert.deepEqual(await listed({ snapshot: 'latest:home/me', folders: ['/deep'] }), [
    '/deep',
    '/deep/c.log',
  ]);
  assert.deepEqual(await listed({ folders: ['/home'], sort: 'size', reverse: true }), [
    '/home/you',
    '/home/me',
    '/home',
  ]);
  const byExtension = await listed({ folders: ['/home/me'], sort: 'extension' });
  assert.deepEqual(byExtension, ['/home/me', '/home/me/deep', '/home/me/B.TXT', '/home/me/a.txt']);
  await assert.rejects(listed({ folders: ['home'] }), { code: 'usage' });
  await assert.rejects(listed({ snapshot: 'latest:nowhere' }), { code: 'not-found' });
});

test('each directory that was entered or listed is left once', async () => {
  const events: string[] = [];
  await listed({
    folders: ['/home'],
    onEntry: ({ path }) => void events.push(path),
    onLeave: (path) => void events.push(`left ${path}`),
  });
  assert.deepEqual(events, [
    '/home',
    '/home/me',
    'left /home/me',
    '/home/you',
    'left /home/you',
    'left /home',
  ]);
});

async function found(options: Partial<FindOptions>) {
  const { repository, id } = await made();
  const lines: string[] = [];
  const result = await find(
    repository,
    {
      patterns: [],
      filter: {},
      onEntry: ({ path }) => void lines.push(path),
      onObject: ({ type, path }) => void lines.push(`${type} ${path}`),
      ...options,
    },
    context,
  );
  return { repository, id, lines, ...result };
}

test('entries are found by pattern, case and time', async () => {
  assert.deepEqual((await found({ patterns: ['*.txt'] })).lines, ['/home/me/a.txt']);
  assert.deepEqual((await found({ patterns: ['*.TXT', 'c.*'], ignoreCase: true })).lines, [
    '/home/me/B.TXT',
    '/home/me/a.txt',
    '/home/me/deep/c.log',
  ]);
  assert.deepEqual((await found({ patterns: ['/home/*'] })).lines, [
    '/home/me',
    '/home/me/B.TXT',
    '/home/me/a.txt',
    '/home/me/deep',
    '/home/me/deep/c.log',
    '/home/you',
  ]);
  const time = { sec: 1_700_000_000, nsec: 0, offset: 0 };
  assert.deepEqual((await found({ patterns: ['a.txt'], newest: time })).lines, []);
  assert.deepEqual((await found({ patterns: ['a.txt'], oldest: time })).lines, ['/home/me/a.txt']);
  await assert.rejects(found({ patterns: [] }), { code: 'usage' });
});

test('blobs, trees and packs are found where they are used', async () => {
  const { repository, id } = await made();
  const index = await repository.loadIndex();
  const data = [...index.entries()].find((entry) => index.typeOf(entry) === 'data')!;
  const pack = toHex(index.packId(index.packOf(data)));
  const search = async (options: Pick<FindOptions, 'patterns' | 'kind'>) => {
    const lines: string[] = [];
    const onObject: FindOptions['onObject'] = ({ type, path }) => void lines.push(`${type} ${path}`);
    const { objects } = await find(repository, { filter: {}, onObject, ...options }, context);
    return { lines, objects };
  };
  const root = toHex(await treeOf(repository, id));
  assert.deepEqual((await search({ kind: 'tree', patterns: [root.slice(0, 8)] })).lines, ['tree /']);
  const all = await search({ kind: 'pack', patterns: [pack.slice(0, 6)] });
  assert.deepEqual(all.lines, [
    'data /home/me/B.TXT',
    'data /home/me/B.TXT',
    'data /home/me/a.txt',
    'data /home/me/deep/c.log',
  ]);
  assert.ok(all.objects.length === 4 && all.objects.every((object) => object.pack === pack));
  const blob = toHex(index.idOf(data));
  assert.equal((await search({ kind: 'blob', patterns: [blob] })).lines.length, 1);
  for (const file of await idsOf(repository, 'index')) await repository.removeFile('index', file);
  await assert.rejects(search({ kind: 'pack', patterns: ['0'.repeat(64)] }), { code: 'not-found' });
  await assert.rejects(search({ kind: 'blob', patterns: ['xyz'] }), { code: 'usage' });
});

test('statistics count in four ways', async () => {
  const { repository } = await made();
  await addSnapshot(repository, { again: 'aaa' });
  const count = async (mode: StatsMode) => {
    const { totalSize, totalFiles, totalBlobs, snapshots } = await stats(
      repository,
      { filter: {}, mode },
      context,
    );
    assert.equal(snapshots, 2);
    return [totalSize, totalFiles, totalBlobs];
  };
  assert.deepEqual(await count('restore-size'), [3 + 4 + 1 + 4 + 3, 10, 0]);
  assert.deepEqual(await count('files-by-contents'), [8, 4, 0]);
  assert.deepEqual(await count('blobs-per-file'), [8, 3, 4]);
  const [size, , blobs] = await count('raw-data');
  assert.equal(blobs, 4 + 6);
  const { compression } = await stats(repository, { filter: {}, mode: 'raw-data' }, context);
  assert.ok(compression && compression.totalUncompressedSize > size! && compression.spaceSaving > 0);
});

test('a file is dumped as it is, and what is no file or folder is refused', async () => {
  const { repository } = await made();
  const text = async (path: string) => {
    const { bytes } = await dump(repository, { snapshot: 'latest', path }, context);
    return Buffer.concat(await Array.fromAsync(bytes)).toString();
  };
  assert.equal(await text('/home/me/B.TXT'), 'bbcc');
  assert.equal(await text('home/./me//a.txt'), 'aaa');
  await assert.rejects(text('/home/nobody'), { code: 'not-found' });
  await assert.rejects(text('/home/me/a.txt/b'), { code: 'not-found', message: /should be a dir/ });
  await assert.rejects(text('/top'), { code: 'corrupt', message: /should have 4 bytes/ });
});
