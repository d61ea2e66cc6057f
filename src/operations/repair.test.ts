import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { toHex } from '../kernel/hex.ts';
import { fileName } from '../vaults/repository/files.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { addSnapshot, idsOf, smallRepository, treeOf } from '../testing/small-repository.ts';
import { recover } from './recover.ts';
import { type IndexFinding, repairIndex } from './repair-index.ts';
import { repairPacks } from './repair-packs.ts';
import { findUsedBlobs } from './used-blobs.ts';

const context = createContext();

async function packOf(repository: Repository, type: 'data' | 'tree'): Promise<string> {
  const index = await repository.loadIndex();
  const entry = [...index.entries()].find((candidate) => index.typeOf(candidate) === type)!;
  return toHex(index.packId(index.packOf(entry)));
}

test('the index is made anew from the packs, whatever is wrong with it', async () => {
  await using repository = await smallRepository();
  const snapshot = await addSnapshot(repository, { a: 'one', b: 'two' });
  await addSnapshot(repository, { c: 'three' });
  const whole = (await repository.loadIndex()).count;
  const [first, second] = await idsOf(repository, 'index');
  await repository.removeFile('index', first!);
  const damaged = await repository.storage.read(fileName('index', second!));
  damaged[30]! ^= 1;
  await repository.storage.write(fileName('index', second!), damaged);

  const findings: IndexFinding[] = [];
  await repairIndex(repository, { onFinding: (finding) => findings.push(finding) }, context);
  assert.deepEqual(findings.map(({ kind }) => kind).sort(), [
    'added',
    'added',
    'added',
    'added',
    'invalid-index',
  ]);
  const index = await repository.loadIndex();
  assert.equal(index.count, whole);
  assert.deepEqual(
    (await findUsedBlobs(repository, [await treeOf(repository, snapshot)], context)).missing,
    [],
  );
  assert.ok(!(await idsOf(repository, 'index')).includes(second!));

  const before = await idsOf(repository, 'index');
  findings.length = 0;
  await repairIndex(repository, { onFinding: (finding) => findings.push(finding) }, context);
  assert.deepEqual(findings, []);
  assert.deepEqual(await idsOf(repository, 'index'), before);
  await repairIndex(repository, { readAllPacks: true }, context);
  assert.equal((await repository.loadIndex()).count, whole);
});

test('packs that are gone leave the index, and a cut one is told', async () => {
  await using repository = await smallRepository();
  await addSnapshot(repository, { a: 'one' });
  const data = await packOf(repository, 'data');
  const tree = await packOf(repository, 'tree');
  await repository.removeFile('pack', data);
  const bytes = await repository.storage.read(fileName('pack', tree));
  await repository.storage.write(fileName('pack', tree), bytes.subarray(0, bytes.length - 3));
  const findings: IndexFinding[] = [];
  await repairIndex(repository, { onFinding: (finding) => findings.push(finding) }, context);
  assert.deepEqual(findings.map(({ kind }) => kind).sort(), ['missing-pack', 'resized', 'unreadable-pack']);
  assert.equal((await repository.loadIndex()).count, 0);
});

test('what is sound in a damaged pack is saved, also when its end is cut off', async () => {
  for (const damage of ['flip', 'cut'] as const) {
    await using repository = await smallRepository();
    await addSnapshot(repository, { a: ['first blob', 'second blob', 'third blob'] });
    const pack = await packOf(repository, 'data');
    const bytes = await repository.storage.read(fileName('pack', pack));
    const lastEnd = 3 * ('second blob'.length + 40);
    if (damage === 'flip') bytes[20]! ^= 1;
    await repository.storage.write(
      fileName('pack', pack),
      damage === 'cut' ? bytes.subarray(0, lastEnd - 30) : bytes,
    );
    const copies: string[] = [];
    const result = await repairPacks(
      repository,
      { packs: [pack], saveCopy: async (id) => void copies.push(id) },
      context,
    );
    assert.equal(result.lost.length, 1);
    assert.equal(result.saved, 2);
    assert.deepEqual(copies, [pack]);
    assert.ok(!(await idsOf(repository, 'pack')).includes(pack));
    const index = await repository.loadIndex();
    assert.equal(index.count, 3);
    for (const entry of index.entries()) await repository.readBlob(index.typeOf(entry), index.idOf(entry));
  }
});

test('directories without a snapshot are found again, and only their roots', async () => {
  await using repository = await smallRepository();
  const lost = await addSnapshot(repository, { d: { e: { f: 'deep' } } });
  await addSnapshot(repository, { kept: 'kept' });
  const tree = toHex(await treeOf(repository, lost));
  await repository.removeFile('snapshot', lost);
  const { roots, snapshot } = await recover(repository, {}, context);
  assert.deepEqual(roots, [tree]);
  const { tags, paths } = await repository.readSnapshot(snapshot!);
  assert.deepEqual([tags, paths], [['recovered'], ['/recover']]);
  const [node] = await repository.readTree(await treeOf(repository, snapshot!));
  assert.deepEqual([Buffer.from(node!.name).toString(), toHex(node!.subtree!)], [tree.slice(0, 8), tree]);
  assert.deepEqual(await recover(repository, {}, context), { roots: [], snapshot: undefined });
});
