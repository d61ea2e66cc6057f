import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { addSnapshot, idsOf, smallRepository, treeOf, type TestFolder } from '../testing/small-repository.ts';
import { copy } from './copy.ts';
import { findUsedBlobs } from './used-blobs.ts';

const context = createContext();
const folder: TestFolder = { a: ['one', 'two', 'x'.repeat(5000)], d: { b: 'three', c: 'one' } };

for (const [from, to] of [
  [2, 2],
  [1, 2],
  [2, 1],
] as const) {
  test(`snapshots of a version ${from} repository are whole in one of version ${to}, and are not copied twice`, async () => {
    await using source = await smallRepository(undefined, { version: from });
    await using destination = await smallRepository(undefined, { version: to });
    const first = await addSnapshot(source, folder);
    const second = await addSnapshot(source, { ...folder, e: 'four' }, { time: '2024-06-01T00:00:00Z' });
    await addSnapshot(destination, { other: 'one' });
    const result = await copy(source, destination, { filter: {} }, context);
    assert.deepEqual(
      result.copied.map((one) => one.from),
      [first, second],
    );
    destination.forgetIndex();
    const index = await destination.loadIndex();
    for (const { from: id, to: copied } of result.copied) {
      const snapshot = await destination.readSnapshot(copied);
      assert.equal(snapshot.original, id);
      const used = await findUsedBlobs(destination, [await treeOf(destination, copied)], context);
      assert.deepEqual(used.missing, []);
      for (const entry of used.entries) await destination.readBlob(index.typeOf(entry), index.idOf(entry));
    }
    const packs = await idsOf(destination, 'pack');
    assert.deepEqual(await copy(source, destination, { filter: {} }, context), { copied: [], skipped: 2 });
    assert.deepEqual(await idsOf(destination, 'pack'), packs);
    assert.equal(to === 1, ![...index.entries()].some((entry) => index.uncompressedLengthOf(entry) > 0));
  });
}

test('nothing is committed when a blob of the source is lost', async () => {
  await using source = await smallRepository();
  await using destination = await smallRepository();
  await addSnapshot(source, folder);
  for (const id of await idsOf(source, 'pack')) await source.removeFile('pack', id);
  await assert.rejects(copy(source, destination, { filter: {} }, context));
  assert.deepEqual(await idsOf(destination, 'snapshot'), []);
  await assert.rejects(copy(source, source, { filter: {} }, context), { code: 'usage' });
});
