import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { toHex } from '../kernel/hex.ts';
import { fileName } from '../vaults/repository/files.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { createBlobWriter } from '../vaults/repository/writer.ts';
import {
  addSnapshot,
  idsOf,
  smallRepository,
  treeOf,
  writeTree,
  writeSnapshot,
} from '../testing/small-repository.ts';
import { performPrune, planPrune, type PruneOptions } from './prune.ts';
import { findUsedBlobs } from './used-blobs.ts';
import { walkTree } from './tree-walk.ts';

const context = createContext();

async function prune(repository: Repository, options: PruneOptions = {}) {
  const plan = await planPrune(repository, options, context);
  await performPrune(repository, plan, context);
  return plan;
}

/** All paths of a snapshot, every blob of every file read and verified. */
async function readAll(repository: Repository, snapshot: string): Promise<string[]> {
  const lines: string[] = [];
  await walkTree(
    repository,
    await treeOf(repository, snapshot),
    {
      async entry(path, { content }) {
        let text = '';
        for (let at = 0; at < (content?.length ?? 0); at += 32) {
          text += Buffer.from(await repository.readBlob('data', content!.slice(at, at + 32))).toString();
        }
        lines.push(`${path} ${text}`);
      },
    },
    context,
  );
  return lines;
}

test('what snapshots need stays, all else goes, and the index says so', async () => {
  await using repository = await smallRepository();
  const kept = await addSnapshot(repository, { a: ['one', 'two'], d: { b: 'three' } });
  const gone = await addSnapshot(repository, { a: ['one', 'other'], d: { c: 'four' } });
  const before = await readAll(repository, kept);
  await repository.removeFile('snapshot', gone);

  const plan = await prune(repository, { maxUnused: { percent: 0 } });
  assert.equal(plan.statistics.blobs.used, 5);
  assert.equal(plan.statistics.blobs.unused, 4);
  assert.equal(plan.statistics.blobs.removeTotal, 4);
  assert.equal(plan.statistics.packs.remove, 2);
  assert.deepEqual(await readAll(repository, kept), before);
  const index = await repository.loadIndex();
  assert.equal(index.count, 5);
  assert.equal((await idsOf(repository, 'pack')).length, index.packCount);
  assert.equal((await idsOf(repository, 'index')).length, 1);
  const again = await planPrune(repository, {}, context);
  assert.deepEqual([again.removePacks, again.repackPacks, again.unreferencedPacks], [[], [], []]);
});

test('packs that are used in part are packed anew, within the limits given', async () => {
  const make = async () => {
    const repository = await smallRepository();
    const writer = await createBlobWriter(repository, {}, context);
    const kept = await writeTree(writer, { a: ['x'.repeat(1000), 'y'] });
    await writeTree(writer, { a: ['z'.repeat(500), 'w'] });
    await writer.finish();
    return { repository, snapshot: await writeSnapshot(repository, { tree: toHex(kept) }) };
  };
  {
    const { repository, snapshot } = await make();
    const packs = await idsOf(repository, 'pack');
    const plan = await prune(repository, {});
    assert.equal(plan.statistics.packs.repack, 2);
    assert.equal(plan.statistics.bytes.remainingUnused, 0);
    const now = await idsOf(repository, 'pack');
    assert.equal(now.length, 2);
    assert.ok(now.every((id) => !packs.includes(id)));
    assert.equal((await repository.loadIndex()).count, 3);
    await readAll(repository, snapshot);
  }
  for (const options of [{ maxRepackBytes: 0 }, { repackCacheableOnly: true }] satisfies PruneOptions[]) {
    const { repository } = await make();
    const plan = await planPrune(repository, options, context);
    assert.equal(plan.statistics.packs.repack, 'maxRepackBytes' in options ? 0 : 1);
    assert.equal(plan.statistics.packs.keep, 2 - plan.statistics.packs.repack);
  }
});

test('what will not shrink is packed anew once when all has to be compressed, not every time', async () => {
  await using repository = await smallRepository();
  const noise = randomBytes(400_000).toString('latin1');
  const snapshot = await addSnapshot(repository, {
    noise,
    tiny: 'x',
    words: 'words '.repeat(10_000),
    none: '',
  });
  const before = await readAll(repository, snapshot);
  const first = await prune(repository, { repackUncompressed: true });
  assert.equal(first.repackPacks.length, 1);
  assert.deepEqual(await readAll(repository, snapshot), before);
  const second = await planPrune(repository, { repackUncompressed: true }, context);
  assert.deepEqual([second.repackPacks, second.removePacks], [[], []]);
  assert.equal(second.statistics.bytes.uncompressed, 0);
});

test('packs without an index are removed, and so are entries of packs that are gone and not needed', async () => {
  await using repository = await smallRepository();
  const kept = await addSnapshot(repository, { a: 'kept' });
  await addSnapshot(repository, { a: 'also' });
  const gone = await addSnapshot(repository, { b: 'gone' });
  const index = await repository.loadIndex();
  const used = await findUsedBlobs(repository, [await treeOf(repository, gone)], context);
  await repository.removeFile('snapshot', gone);
  for (const entry of used.entries)
    await repository.removeFile('pack', toHex(index.packId(index.packOf(entry))));
  const stray = 'ab'.repeat(32);
  await repository.storage.write(fileName('pack', stray), Buffer.from('no pack at all'));
  const plan = await prune(repository);
  assert.deepEqual(plan.unreferencedPacks, [stray]);
  assert.equal(plan.forgetPacks.length, 2);
  assert.equal((await repository.loadIndex()).packCount, 4);
  assert.equal(plan.statistics.bytes.unreferenced, 14);
  await readAll(repository, kept);
});

test('duplicates are reduced to one copy that stays readable', async () => {
  await using repository = await smallRepository();
  const snapshot = await addSnapshot(repository, { a: ['one', 'two'], b: 'three' });
  const before = await readAll(repository, snapshot);
  const writer = await createBlobWriter(repository, {}, context);
  for (const text of ['one', 'two', 'not used']) await writer.putAgain('data', Buffer.from(text));
  await writer.finish();
  repository.forgetIndex();
  const plan = await prune(repository, { maxUnused: { percent: 0 } });
  assert.equal(plan.statistics.blobs.duplicate, 2);
  assert.deepEqual(await readAll(repository, snapshot), before);
  assert.equal((await repository.loadIndex()).count, 4);
});

test('nothing is removed while anything that a snapshot needs is missing', async () => {
  await using repository = await smallRepository();
  const kept = await addSnapshot(repository, { a: 'needed' });
  await addSnapshot(repository, { b: 'something else' });
  const index = await repository.loadIndex();
  const used = await findUsedBlobs(repository, [await treeOf(repository, kept)], context);
  const entry = [...used.entries].find((candidate) => index.typeOf(candidate) === 'data')!;
  const pack = fileName('pack', toHex(index.packId(index.packOf(entry))));
  const bytes = await repository.storage.read(pack);

  await repository.storage.write(pack, Buffer.concat([bytes, Buffer.from('x')]));
  await assert.rejects(planPrune(repository, {}, context), { code: 'corrupt', message: /should have/ });
  await repository.storage.remove(pack);
  await assert.rejects(planPrune(repository, {}, context), { code: 'corrupt', message: /missing/ });
  await repository.storage.write(pack, bytes);
  for (const id of await idsOf(repository, 'index')) await repository.removeFile('index', id);
  repository.forgetIndex();
  await assert.rejects(planPrune(repository, {}, context), { code: 'corrupt', message: /does not know/ });
});

test('a pack that cannot be read stays, with everything else', async () => {
  await using repository = await smallRepository();
  const writer = await createBlobWriter(repository, {}, context);
  const tree = await writeTree(writer, { a: 'kept' });
  await writeTree(writer, { a: 'gone' });
  await writer.finish();
  await writeSnapshot(repository, { tree: toHex(tree) });
  const index = await repository.loadIndex();
  const data = [...index.entries()].find((entry) => index.typeOf(entry) === 'data')!;
  const pack = fileName('pack', toHex(index.packId(index.packOf(data))));
  const bytes = await repository.storage.read(pack);
  bytes[20]! ^= 1;
  await repository.storage.write(pack, bytes);
  const packs = await idsOf(repository, 'pack');
  const plan = await planPrune(repository, { maxUnused: { percent: 0 } }, context);
  await assert.rejects(performPrune(repository, plan, context), {
    code: 'corrupt',
    message: /1 blob that are needed|cannot be read/,
  });
  const now = await idsOf(repository, 'pack');
  assert.ok(packs.every((id) => now.includes(id)));
});
