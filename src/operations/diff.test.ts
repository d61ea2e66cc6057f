import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { addSnapshot, smallRepository, treeOf, type TestFolder } from '../testing/small-repository.ts';
import { diff, type DiffOptions } from './diff.ts';

async function compare(before: TestFolder, after: TestFolder, options: Partial<DiffOptions> = {}) {
  await using repository = await smallRepository();
  const from = await treeOf(repository, await addSnapshot(repository, before));
  const to = await treeOf(repository, await addSnapshot(repository, after));
  const changes: string[] = [];
  const warnings: string[] = [];
  const result = await diff(
    repository,
    { from, to, onChange: ({ path, modifier }) => void changes.push(`${modifier} ${path}`), ...options },
    createContext({ warn: (message) => warnings.push(message) }),
  );
  return { changes, warnings, ...result };
}

test('each kind of change is told with its path, and what one side alone needs is counted', async () => {
  const { changes, changedFiles, added, removed, warnings } = await compare(
    { same: { x: 'same' }, gone: { a: 'gone' }, file: 'old', kind: 'file', dir: { keep: '1', cut: '22' } },
    { same: { x: 'same' }, come: { b: 'come' }, file: 'new!', kind: {}, dir: { keep: '1', add: '333' } },
  );
  assert.deepEqual(changes, [
    '+ /come/',
    '+ /come/b',
    '+ /dir/add',
    '- /dir/cut',
    'M /file',
    '- /gone/',
    '- /gone/a',
    'T /kind/',
  ]);
  assert.equal(changedFiles, 1);
  assert.deepEqual([added.files, added.dirs, added.dataBlobs, added.treeBlobs], [2, 1, 3, 4]);
  assert.deepEqual([removed.files, removed.dirs, removed.dataBlobs, removed.treeBlobs], [2, 1, 4, 3]);
  assert.deepEqual(warnings, []);
});

test('metadata is compared only when asked for, and changed content with old metadata is suspicious', async () => {
  const content = new Uint8Array(32).fill(7);
  const before = { a: { node: { mode: 0o600 } }, b: { node: { content: new Uint8Array(32), size: 5 } } };
  const after = { a: { node: { mode: 0o640 } }, b: { node: { content, size: 5 } } };
  const plain = await compare(before, after);
  assert.deepEqual(plain.changes, ['M? /b']);
  assert.equal(plain.warnings.length, 2);
  assert.deepEqual((await compare(before, after, { metadata: true })).changes, ['U /a', 'M? /b']);
});

test('names are merged in the order of their bytes', async () => {
  const { changes } = await compare(
    { a: '', 'a-': '', ä: '', z: '' },
    { 'a-': '', 'a.': '', '\u{1f600}': '' },
  );
  assert.deepEqual(changes, ['- /a', '+ /a.', '- /z', '- /ä', '+ /\u{1f600}']);
});
