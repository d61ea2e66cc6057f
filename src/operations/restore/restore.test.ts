import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createContext } from '../../kernel/context.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { type ReadingStorage, recordReads } from '../../testing/reading-storage.ts';
import { addSnapshot, smallRepository, type TestFolder, treeOf } from '../../testing/small-repository.ts';
import { goMode } from '../../vaults/repository/format/go-mode.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { startRestoreThreads } from './engine.ts';
import type { RestoreEvent } from './protocol.ts';
import { planRestore, restore, type RestoreOptions } from './restore.ts';

const room = mkdtempSync(join(tmpdir(), 'holdfast-restore-'));
const threads = startRestoreThreads();
after(async () => {
  await threads[Symbol.asyncDispose]();
  rmSync(room, { recursive: true, force: true });
});

interface Given {
  readonly repository: Repository;
  readonly storage: ReadingStorage;
  /** not made yet */
  readonly target: string;
}

async function given(folder: TestFolder): Promise<Given> {
  const storage = recordReads(createMemoryStorage());
  const repository = await smallRepository(storage);
  await addSnapshot(repository, folder);
  return { repository, storage, target: join(mkdtempSync(join(room, 'case-')), 'target') };
}

async function run(
  { repository, target }: Given,
  options: Partial<RestoreOptions> = {},
  verb: typeof restore | typeof planRestore = restore,
) {
  const events: (RestoreEvent | { readonly kind: 'verifying' })[] = [];
  const result = await verb(
    repository,
    {
      ...{ snapshot: 'latest', target, threads, detail: true },
      ...options,
      report: (event) => events.push(event),
    },
    createContext(),
  );
  const items = events.flatMap((event) =>
    event.kind === 'item' ? [`${event.action} ${event.path} ${event.size}`] : [],
  );
  const problems = events.flatMap((event) =>
    event.kind === 'problem' ? [`${event.path}: ${event.message}`] : [],
  );
  return { result, items: items.sort(), problems: problems.sort() };
}

const packsRead = ({ storage }: Given) => storage.reads.filter(({ name }) => name.startsWith('data/'));
const text = (...parts: string[]) => readFileSync(join(...parts), 'utf8');
const none = { excludes: [], insensitiveExcludes: [], includes: [], insensitiveIncludes: [] };

test('content, kinds, modes and times come back, and each is told', async () => {
  const time = { sec: -1, nsec: 987_654_321, offset: 0 };
  const example = await given({
    'a file': ['one ', 'two ', 'one '],
    empty: '',
    dir: { deep: { file: 'deep' } },
    link: {
      node: { type: 'symlink', mode: (goMode.symlink | 0o777) >>> 0, linktarget: Buffer.from('../out') },
    },
    pipe: { node: { type: 'fifo', mode: (goMode.namedPipe | 0o640) >>> 0, mtime: time } },
    socket: { node: { type: 'socket', mode: (goMode.socket | 0o640) >>> 0 } },
  });
  const { result, items, problems } = await run(example);
  const { target } = example;
  assert.deepEqual(problems, []);
  assert.equal(text(target, 'a file'), 'one two one ');
  assert.equal(text(target, 'empty'), '');
  assert.equal(text(target, 'dir/deep/file'), 'deep');
  assert.equal(readlinkSync(join(target, 'link')), '../out');
  assert.deepEqual(readdirSync(target), ['a file', 'dir', 'empty', 'link', 'pipe', 'socket']);
  assert.ok(lstatSync(join(target, 'socket')).isSocket());
  const pipe = lstatSync(join(target, 'pipe'), { bigint: true });
  assert.ok(pipe.isFIFO());
  assert.equal(pipe.mode & 0o7777n, 0o640n);
  assert.equal(pipe.mtimeNs, -12_345_679n);
  assert.equal(lstatSync(join(target, 'a file')).mode & 0o7777, 0o644);
  assert.equal(lstatSync(join(target, 'dir')).mode & 0o7777, 0o755);
  for (const path of ['a file', 'empty', 'dir', 'dir/deep', 'link']) {
    assert.equal(lstatSync(join(target, path), { bigint: true }).mtimeNs, 1_700_000_000_123_000_000n, path);
  }
  assert.deepEqual(items, [
    'restored /a file 12',
    'restored /dir 0',
    'restored /dir/deep 0',
    'restored /dir/deep/file 4',
    'restored /empty 0',
    'restored /link 0',
    'restored /pipe 0',
    'restored /socket 0',
  ]);
  const { filesTotal, filesRestored, bytesTotal, bytesRestored, errors } = result;
  assert.deepEqual([filesTotal, filesRestored, bytesTotal, bytesRestored, errors], [8, 8, 16, 16, 0]);
});

test('each pack is read once, and a second restore reads none', async () => {
  const folder: Record<string, string[]> = {};
  for (let i = 0; i < 300; i++) folder[`file ${i}`] = [`${i}`, `${i % 7}`, 'shared'];
  const example = await given(folder);
  const before = packsRead(example).length;
  await run(example);
  // one pack of trees, one of data
  assert.equal(packsRead(example).length - before, 2);
  for (let i = 0; i < 300; i++) assert.equal(text(example.target, `file ${i}`), `${i}${i % 7}shared`);

  const again = packsRead(example).length;
  const { result, items } = await run(example);
  assert.equal(packsRead(example).length, again);
  assert.equal(result.filesSkipped, 300);
  assert.equal(result.filesTotal, 0);
  assert.ok(items.every((item) => item.startsWith('unchanged ')));
});

test('always: what differs is written, of what is right only the metadata', async () => {
  const example = await given({ a: ['xxxx', 'yyyy', 'zzzz'], b: 'right', c: 'new', d: 'short' });
  const { target } = example;
  mkdirSync(target);
  writeFileSync(join(target, 'a'), 'xxxx????zzzz and more');
  writeFileSync(join(target, 'b'), 'right', { mode: 0o600 });
  mkdirSync(join(target, 'd'));
  const { result, items } = await run(example);
  assert.deepEqual(items, ['restored /c 3', 'restored /d 5', 'unchanged /b 5', 'updated /a 12']);
  assert.equal(text(target, 'a'), 'xxxxyyyyzzzz');
  assert.equal(text(target, 'd'), 'short');
  assert.equal(lstatSync(join(target, 'b')).mode & 0o777, 0o644);
  assert.equal(lstatSync(join(target, 'b')).mtimeMs, 1_700_000_000_123);
  assert.equal(result.bytesRestored, result.bytesTotal);
  const [read] = packsRead(example).slice(-1);
  assert.ok(read!.length! < 200, 'only what is missing is read');
});

test('if-changed trusts size and time; if-newer and never leave alone what they should', async () => {
  const folder = { a: 'wanted', link: { node: { type: 'symlink', linktarget: Buffer.from('to') } } } as const;
  const prepare = async () => {
    const example = await given(folder);
    mkdirSync(example.target);
    writeFileSync(join(example.target, 'a'), 'differs'.slice(0, 6));
    symlinkSync('from', join(example.target, 'link'));
    return example;
  };
  const trusted = await prepare();
  execFileSync('touch', ['-d', '@1700000000.123', join(trusted.target, 'a')]);
  assert.deepEqual((await run(trusted, { overwrite: 'if-changed' })).items, [
    'restored /link 0',
    'unchanged /a 6',
  ]);
  assert.equal(text(trusted.target, 'a'), 'differ');
  assert.deepEqual((await run(trusted)).items, ['restored /link 0', 'updated /a 6']);
  assert.equal(text(trusted.target, 'a'), 'wanted');

  for (const overwrite of ['if-newer', 'never'] as const) {
    const kept = await prepare();
    const { items, result } = await run(kept, { overwrite });
    assert.deepEqual(items, ['unchanged /a 6', 'unchanged /link 0']);
    assert.deepEqual([result.filesSkipped, result.bytesSkipped], [2, 6]);
    assert.equal(text(kept.target, 'a'), 'differ');
    assert.equal(readlinkSync(join(kept.target, 'link')), 'from');
  }
  const older = await prepare();
  utimesSync(join(older.target, 'a'), 1, 1);
  assert.ok((await run(older, { overwrite: 'if-newer' })).items.includes('updated /a 6'));
});

test('a file with other names is replaced, and they keep their content', async () => {
  const example = await given({ a: ['same', 'new!'] });
  mkdirSync(example.target);
  writeFileSync(join(example.target, 'a'), 'sameold!');
  linkSync(join(example.target, 'a'), join(example.target, 'other'));
  await run(example);
  assert.equal(text(example.target, 'a'), 'samenew!');
  assert.equal(text(example.target, 'other'), 'sameold!');
});

test('hard links are links again, also over an old restore', async () => {
  const content = { content: undefined };
  const storage = recordReads(createMemoryStorage());
  const repository = await smallRepository(storage);
  const snapshot = await addSnapshot(repository, { x: 'linked' });
  const [node] = await repository.readTree(await treeOf(repository, snapshot));
  const linked = { ...content, content: node!.content, size: 6, links: 3, inode: 77n, deviceId: 5n };
  const example = { repository, storage, target: join(mkdtempSync(join(room, 'case-')), 'target') };
  await addSnapshot(
    repository,
    { first: { node: linked }, d: { second: { node: linked } }, third: { node: linked } },
    { time: '2025-01-01T00:00:00Z' },
  );
  for (const round of [1, 2]) {
    const { result } = await run(example);
    assert.deepEqual([result.errors, result.filesTotal + result.filesSkipped], [0, 4], `round ${round}`);
    const inodes = ['first', 'd/second', 'third'].map((name) => lstatSync(join(example.target, name)).ino);
    assert.equal(new Set(inodes).size, 1);
    assert.equal(lstatSync(join(example.target, 'third')).nlink, 3);
    assert.equal(text(example.target, 'd/second'), 'linked');
  }
});

test('delete removes what the snapshot does not have, and only where the filter looks', async () => {
  const example = await given({ keep: 'k', d: { inner: 'i' }, e: { other: 'o' } });
  const { target } = example;
  const litter = () => {
    mkdirSync(join(target, 'd', 'junk', 'deep'), { recursive: true });
    mkdirSync(join(target, 'e'), { recursive: true });
    for (const name of ['extra', 'd/more', 'd/junk/deep/x', 'e/stray']) writeFileSync(join(target, name), '');
    symlinkSync('/', join(target, 'd', 'junk', 'root'));
  };
  litter();
  const plan = await run(example, { delete: true }, planRestore);
  assert.equal(plan.result.filesDeleted, 7);
  assert.ok(existsSync(join(target, 'extra')) && !existsSync(join(target, 'keep')));

  const { result, items } = await run(example, { delete: true });
  assert.equal(result.filesDeleted, 7);
  assert.ok(items.includes(`deleted ${target}/d/junk/deep/x 0`));
  assert.deepEqual(readdirSync(target), ['d', 'e', 'keep']);
  assert.deepEqual(readdirSync(join(target, 'd')), ['inner']);
  assert.equal(lstatSync(join(target, 'd')).mtimeMs, 1_700_000_000_123);
  assert.ok(existsSync('/tmp'));

  litter();
  await run(example, { delete: true, patterns: { ...none, includes: ['/d'] } });
  assert.deepEqual(readdirSync(join(target, 'd')), ['inner']);
  assert.ok(existsSync(join(target, 'e', 'stray')) && existsSync(join(target, 'extra')));
});

test('includes, excludes and a path below choose what is restored', async () => {
  const folder = { d: { 'a.txt': 'a', 'b.bin': 'b', sub: { 'c.txt': 'c' } }, e: { 'f.bin': 'f' } };
  const included = await given(folder);
  const { result } = await run(included, { patterns: { ...none, includes: ['*.txt'] } });
  assert.deepEqual(readdirSync(included.target), ['d']);
  assert.deepEqual(readdirSync(join(included.target, 'd')), ['a.txt', 'sub']);
  assert.equal(result.filesTotal, 2);
  assert.equal(lstatSync(join(included.target, 'd')).mode & 0o777, 0o755);

  const excluded = await given(folder);
  await run(excluded, { patterns: { ...none, insensitiveExcludes: ['*.TXT', '/e'] } });
  assert.deepEqual(readdirSync(excluded.target, { recursive: true }).sort(), ['d', 'd/b.bin', 'd/sub']);

  const below = await given(folder);
  await run(below, { snapshot: 'latest:/d/sub' });
  assert.deepEqual(readdirSync(below.target), ['c.txt']);
  await assert.rejects(run(below, { snapshot: 'latest:/d/nowhere' }), { code: 'not-found' });
});

test('a plan says what a restore then does, and makes nothing', async () => {
  const example = await given({ a: 'aaaa', b: 'bbb', d: { c: 'cc', e: '' }, l: { node: { type: 'fifo' } } });
  for (const existing of [false, true]) {
    if (existing) {
      rmSync(example.target, { recursive: true });
      mkdirSync(join(example.target, 'd'), { recursive: true });
      writeFileSync(join(example.target, 'a'), 'aaaa');
      writeFileSync(join(example.target, 'b'), 'other');
    }
    const plan = await run(example, {}, planRestore);
    assert.equal(existsSync(join(example.target, 'l')), false);
    assert.equal(existsSync(example.target), existing);
    const done = await run(example);
    assert.deepEqual(plan.items, done.items);
    assert.deepEqual(plan.result, done.result);
  }
});

test('nothing leaves the target, whatever the snapshot and the target hold', async () => {
  const example = await given({ d: { file: 'content' }, f: 'content', z: 'last' });
  const { target } = example;
  const outside = join(target, '..', 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'file'), 'precious');
  mkdirSync(target);
  symlinkSync('../outside', join(target, 'd'));
  symlinkSync('../outside/file', join(target, 'f'));
  assert.deepEqual((await run(example)).problems, []);
  assert.deepEqual(readdirSync(outside), ['file']);
  assert.equal(text(outside, 'file'), 'precious');
  assert.equal(text(target, 'd', 'file'), 'content');
  assert.equal(text(target, 'f'), 'content');

  const hostile = await given({
    '..': { evil: 'x' },
    'a/b': 'x',
    fine: 'fine',
    same: { node: { type: 'symlink', linktarget: Buffer.from('../outside') } },
  });
  mkdirSync(hostile.target);
  writeFileSync(join(hostile.target, 'unknown'), 'stays');
  const { problems } = await run(hostile, { delete: true });
  assert.deepEqual(problems, ['/: invalid child node name ..', '/: invalid child node name a/b']);
  assert.deepEqual(readdirSync(join(hostile.target, '..')), ['target']);
  assert.deepEqual(readdirSync(hostile.target), ['fine', 'same', 'unknown']);
});

test('windows of any size give the same', async () => {
  const folder: Record<string, TestFolder> = {};
  for (let d = 0; d < 12; d++) {
    const files: Record<string, string[]> = {};
    for (let i = 0; i < 20; i++) files[`file ${i}`] = [`${d}/${i}`, `${i}`, 'everywhere'];
    folder[`dir ${d}`] = { sub: files, file: `${d}` };
  }
  const example = await given(folder);
  const whole = await run(example);
  const target = join(example.target, 'other');
  const limits = { bytes: 4096, blobs: 50 };
  const parts = await run({ ...example, target }, { limits, verify: true });
  assert.deepEqual(parts.items, whole.items);
  assert.deepEqual({ ...parts.result, filesVerified: 0 }, whole.result);
  assert.equal(parts.result.filesVerified, 252);
  for (let d = 0; d < 12; d++) {
    assert.equal(lstatSync(join(target, `dir ${d}`)).mtimeMs, 1_700_000_000_123);
    for (let i = 0; i < 20; i++) {
      assert.equal(text(target, `dir ${d}`, 'sub', `file ${i}`), `${d}/${i}${i}everywhere`);
    }
  }
  writeFileSync(join(target, 'dir 3', 'sub', 'stray'), '');
  const cleared = await run({ ...example, target }, { limits, delete: true });
  assert.deepEqual([cleared.result.filesDeleted, cleared.result.filesSkipped], [1, 252]);
  assert.equal(lstatSync(join(target, 'dir 3', 'sub')).mtimeMs, 1_700_000_000_123);
});

test('sparse leaves holes and the same content', async () => {
  const zeros = '\0'.repeat(300_000);
  const example = await given({ a: [zeros, 'middle', zeros], b: zeros, c: `x${zeros}` });
  const { problems } = await run(example, { sparse: true, verify: true });
  assert.deepEqual(problems, []);
  assert.equal(text(example.target, 'a'), `${zeros}middle${zeros}`);
  assert.equal(text(example.target, 'b'), zeros);
  assert.ok(lstatSync(join(example.target, 'a')).blocks < 100);
  assert.equal(lstatSync(join(example.target, 'b')).blocks, 0);
});
