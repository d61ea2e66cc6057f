import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { fromHex, toHex } from '../kernel/hex.ts';
import { fileName } from '../vaults/repository/files.ts';
import { addSnapshot, idsOf, smallRepository, treeOf, writeSnapshot } from '../testing/small-repository.ts';
import { repairSnapshots } from './repair-snapshots.ts';
import { walkTree } from './tree-walk.ts';

const context = createContext();

test('what is lost of files and directories is left out, and told', async () => {
  await using repository = await smallRepository();
  const lost = fromHex('12'.repeat(32))!;
  const old = await addSnapshot(repository, {
    fine: 'fine',
    file: { node: { content: Buffer.concat([lost]), size: 7 } },
    folder: { node: { type: 'dir', subtree: lost } },
    strange: { node: { type: 'irregular' } },
    'wrong-size': { node: { size: 3, content: new Uint8Array(0) } },
  });
  const repairs: string[] = [];
  const options = {
    filter: {},
    forget: true,
    onRepair: ({ path, what }: { path: string; what: string }) => void repairs.push(`${path}: ${what}`),
  };
  assert.deepEqual(await repairSnapshots(repository, { ...options, dryRun: true }, context), { modified: 1 });
  assert.deepEqual(await idsOf(repository, 'snapshot'), [old]);
  repairs.length = 0;
  assert.deepEqual(await repairSnapshots(repository, options, context), { modified: 1 });
  assert.deepEqual(repairs, [
    '/file: removed missing content',
    '/folder: replaced with empty directory',
    '/strange: removed node with invalid type',
    '/wrong-size: fixed incorrect size',
  ]);
  const [id] = await idsOf(repository, 'snapshot');
  const sizes: string[] = [];
  await walkTree(
    repository,
    await treeOf(repository, id!),
    { entry: (path, { size }) => void sizes.push(`${path} ${size}`) },
    context,
  );
  assert.deepEqual(sizes, ['/file 0', '/fine 4', '/folder 0', '/wrong-size 0']);
  assert.deepEqual(await repairSnapshots(repository, options, context), { modified: 0 });
});

test('a snapshot whose root is lost goes; an unreadable snapshot file goes only when it is named', async () => {
  await using repository = await smallRepository();
  await writeSnapshot(repository, { tree: toHex(fromHex('34'.repeat(32))!) });
  assert.deepEqual(await repairSnapshots(repository, { filter: {} }, context), { modified: 1 });
  assert.deepEqual(await idsOf(repository, 'snapshot'), []);

  const broken = 'ab'.repeat(32);
  await repository.storage.write(fileName('snapshot', broken), Buffer.from('rubbish'));
  await assert.rejects(repairSnapshots(repository, { filter: {}, forget: true }, context), {
    code: 'corrupt',
  });
  const named = { filter: { ids: [broken] }, forget: true };
  assert.deepEqual(await repairSnapshots(repository, named, context), { modified: 1 });
  assert.deepEqual(await idsOf(repository, 'snapshot'), []);
});
