/** Trees that several workers put together are what restic would write, however the work was shared out and however large they are. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { compareBytes } from '../../src/kernel/bytes.ts';
import { toHex } from '../../src/kernel/hex.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { backUp, makeRepository, password, rootTree } from '../support/engine.ts';
import { type BackupProgram, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

interface Place {
  readonly source: string;
  readonly repository: Repository;
  readonly oracle: BackupProgram;
}

async function makePlace(t: TestContext): Promise<Place> {
  const folder = tempFolder(t);
  const source = join(folder, 'source');
  mkdirSync(source);
  // named from where it is, so that the folders above, in which others work, are in no snapshot
  const before = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(before));
  const location = join(folder, 'repository');
  const repository = await makeRepository(location);
  t.after(() => repository[Symbol.asyncDispose]());
  return { source, repository, oracle: restic({ repository: location, password }) };
}

/** Many directories of a few small files each, so that workers that wait are given parts of everything. */
function makeBushes(root: string, fanOut: number, depth: number): number {
  let made = 0;
  for (let i = 0; i < fanOut; i++) {
    const folder = join(root, `d${i}`);
    mkdirSync(folder);
    made++;
    // names around the directory's, before and behind it in the order of bytes
    for (const name of [`c${i}`, `d${i}.x`, `e${i}`]) writeFileSync(join(root, name), `${root} ${name}`);
    if (depth > 1) made += makeBushes(folder, fanOut, depth - 1);
    else writeFileSync(join(folder, 'leaf'), folder);
  }
  return made;
}

/** Visits every tree and asserts that its names ascend strictly; the number of trees. */
async function assertAscending(repository: Repository, id: Uint8Array): Promise<number> {
  let trees = 1;
  let last: Uint8Array | undefined;
  const below: Uint8Array[] = [];
  for await (const node of repository.streamTree(id)) {
    if (last) {
      const message = `${Buffer.from(last).toString()} stands before ${Buffer.from(node.name).toString()}`;
      assert.ok(compareBytes(last, node.name) < 0, `in tree ${toHex(id)} ${message}`);
    }
    last = node.name.slice();
    if (node.subtree) below.push(node.subtree.slice());
  }
  for (const subtree of below) trees += await assertAscending(repository, subtree);
  return trees;
}

async function assertNothingAdded(oracle: BackupProgram): Promise<void> {
  const { stdout } = await oracle.run(['backup', 'source']);
  assert.match(stdout, /^Added to the repository: 0 B /m);
}

for (const workers of [1, 2, 5]) {
  test(`names ascend in every tree that ${workers} workers made`, async (t) => {
    if (!requireTool(t, 'restic')) return;
    const { source, repository, oracle } = await makePlace(t);
    const directories = makeBushes(source, 7, 3);
    const first = await backUp(repository, ['source'], { workers });
    assert.equal(first.errors, 0);
    const root = await rootTree(repository, first.id!);
    // those above the source count as well
    assert.ok((await assertAscending(repository, root)) > directories);
    await assertNothingAdded(oracle);

    // a change far in, with a parent snapshot to take everything else from
    writeFileSync(join(source, 'd4', 'd4', 'd4', 'new'), 'new');
    writeFileSync(join(source, 'd6', 'd6', 'c6'), 'changed');
    const second = await backUp(repository, ['source'], { workers });
    assert.equal(second.summary.filesNew, 1);
    assert.equal(second.summary.filesChanged, 1);
    await assertAscending(repository, await rootTree(repository, second.id!));
    await assertNothingAdded(oracle);
    await oracle.run(['check', '--read-data']);
  });
}

test('a directory whose tree does not fit into a piece is written, found again and read as a stream', async (t) => {
  if (!requireTool(t, 'restic')) return;
  const { source, repository, oracle } = await makePlace(t);
  const large = join(source, 'large');
  mkdirSync(large);
  // each byte of such a name is five in the tree
  const name = (i: number): string => `${String(i).padStart(5, '0')}${'\u0001'.repeat(240)}`;
  const count = 12_500;
  for (let i = 0; i < count; i++) writeFileSync(join(large, name(i)), i % 500 === 0 ? `content ${i}` : '');

  const first = await backUp(repository, ['source'], { workers: 3 });
  assert.equal(first.summary.filesNew, count);
  const root = await rootTree(repository, first.id!);
  await assertAscending(repository, root);
  const size = await largestTree(repository);
  assert.ok(size > 17 << 20, `the tree has ${size} bytes, which is not large`);

  const again = await backUp(repository, ['source'], { workers: 2 });
  assert.equal(again.summary.filesUnmodified, count);
  assert.equal(again.summary.dataAdded, 0);
  assert.deepEqual(await rootTree(repository, again.id!), root);

  await assertNothingAdded(oracle);
  writeFileSync(join(large, name(9_999)), 'changed');
  writeFileSync(join(large, '00003'), 'new');
  const third = await backUp(repository, ['source'], { workers: 2 });
  assert.deepEqual([third.summary.filesNew, third.summary.filesChanged], [1, 1]);
  await assertNothingAdded(oracle);
  await oracle.run(['check', '--read-data']);
  const { stdout } = await oracle.run(['ls', 'latest', '/source/large']);
  assert.equal(stdout.split('\n').filter((line) => line.startsWith('/source/large/')).length, count + 1);
});

async function largestTree(repository: Repository): Promise<number> {
  const index = await repository.loadIndex();
  let largest = 0;
  index.forEachEntry((entry) => {
    if (index.typeOf(entry) === 'tree') largest = Math.max(largest, index.uncompressedLengthOf(entry));
  });
  return largest;
}
