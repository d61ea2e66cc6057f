/** A verb is killed after each of its changes to the storage: every snapshot stays whole, and the next run goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { fromHex, toHex } from '../../src/kernel/hex.ts';
import { copy } from '../../src/operations/copy.ts';
import { performForget, planForget } from '../../src/operations/forget.ts';
import { performPrune, planPrune } from '../../src/operations/prune.ts';
import { repairIndex } from '../../src/operations/repair-index.ts';
import { repairPacks } from '../../src/operations/repair-packs.ts';
import { rewrite } from '../../src/operations/rewrite.ts';
import { tag } from '../../src/operations/tag.ts';
import { findUsedBlobs } from '../../src/operations/used-blobs.ts';
import { createMemoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { recordStorage } from '../../src/testing/recording-storage.ts';
import {
  addSnapshot,
  idsOf,
  smallRepository,
  type TestFolder,
  writeTree,
} from '../../src/testing/small-repository.ts';
import { openRepository } from '../../src/vaults/repository/open.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { findSnapshots } from '../../src/vaults/repository/snapshot-filter.ts';
import { rootOf } from '../../src/vaults/repository/tree-path.ts';
import { createBlobWriter } from '../../src/vaults/repository/writer.ts';

const context = createContext();
const patterns = { excludes: ['*.log'], insensitiveExcludes: [], includes: [], insensitiveIncludes: [] };

function folder(number: number): TestFolder {
  return {
    same: { a: ['shared', 'by all'], 'a.log': 'log' },
    [`own ${number}`]: [`only ${number}`, 'x'.repeat(2000 + number)],
  };
}

/** Three snapshots, packs that are used in part, duplicates, a pack in no index. */
async function fill(storage: Storage): Promise<void> {
  const repository = await smallRepository(storage);
  const writer = await createBlobWriter(repository, {}, context);
  for (let number = 0; number < 3; number++) await writeTree(writer, folder(number));
  await writeTree(writer, { rubbish: ['nobody', 'needs', 'this'] });
  await writer.finish();
  for (let number = 0; number < 3; number++) {
    await addSnapshot(repository, folder(number), { time: `2024-05-0${number + 1}T00:00:00Z` });
  }
  const again = await createBlobWriter(repository, {}, context);
  for (const text of ['shared', 'only 1', 'needs']) await again.putAgain('data', Buffer.from(text));
  await again.finish();
  await storage.write(`data/ff/${'f'.repeat(64)}`, Buffer.from('an upload that was cut'));
}

const open = (storage: Storage): Promise<Repository> => openRepository(storage, Buffer.from('test'));

/** Reads every blob of every snapshot; resolves to what each snapshot began as. */
async function readEverything(repository: Repository): Promise<string[]> {
  const index = await repository.loadIndex();
  const originals: string[] = [];
  for (const { id, snapshot } of await findSnapshots(repository, {})) {
    const used = await findUsedBlobs(repository, [rootOf(snapshot)], context);
    assert.deepEqual(used.missing, []);
    for (const entry of used.entries) await repository.readBlob(index.typeOf(entry), index.idOf(entry));
    originals.push(snapshot.original ?? id);
  }
  return originals.sort();
}

/** Runs the verb, then again from the state after each of its changes; `verify` gets what was there before and is there now. */
async function killEverywhere(
  verb: (repository: Repository) => Promise<unknown>,
  verify: (before: string[], now: string[], finished: boolean) => void,
): Promise<number> {
  const storage = createMemoryStorage();
  await fill(storage);
  const recorded = await recordStorage(storage);
  const before = await readEverything(await open(recorded));
  await verb(await open(recorded));
  const cuts = recorded.operations.length;
  for (let cut = 0; cut <= cuts; cut++) {
    const left = await recorded.replay(cut);
    verify(before, await readEverything(await open(left)), cut === cuts);
    await verb(await open(left));
    verify(before, await readEverything(await open(left)), true);
    await assertTidy(left);
  }
  return cuts;
}

/** A prune afterwards leaves nothing that is not needed. */
async function assertTidy(storage: Storage): Promise<void> {
  const repository = await open(storage);
  await performPrune(repository, await planPrune(repository, { maxUnused: { bytes: 0 } }, context), context);
  await readEverything(repository);
  const index = await repository.loadIndex();
  const packs = new Set<string>();
  for (let pack = 0; pack < index.packCount; pack++) packs.add(toHex(index.packId(pack)));
  assert.deepEqual(await idsOf(repository, 'pack'), [...packs].sort());
}

const all = (before: string[], now: string[]): void => assert.deepEqual(new Set(now), new Set(before));

test('prune', async () => {
  const prune = async (repository: Repository) =>
    performPrune(repository, await planPrune(repository, { maxUnused: { bytes: 0 } }, context), context);
  assert.ok((await killEverywhere(prune, all)) >= 8);
});

test('forget, and prune after it', async () => {
  const forget = async (repository: Repository) => {
    const plan = await planForget(repository, { filter: {}, policy: { last: 1 } }, context);
    await performForget(repository, plan, context);
    await performPrune(repository, await planPrune(repository, {}, context), context);
  };
  await killEverywhere(forget, (before, now, finished) => {
    assert.ok(now.length >= 1 && now.every((id) => before.includes(id)));
    if (finished) assert.equal(now.length, 1);
  });
});

test('tag', async () => {
  await killEverywhere((repository) => tag(repository, { filter: {}, add: ['new'] }, context), all);
});

test('rewrite', async () => {
  const options = { filter: {}, patterns, forget: true };
  await killEverywhere(
    (repository) => rewrite(repository, options, context),
    (_before, now) => assert.ok(now.length >= 3),
  );
});

test('repair index', async () => {
  await killEverywhere((repository) => repairIndex(repository, { readAllPacks: true }, context), all);
  await killEverywhere((repository) => repairIndex(repository, {}, context), all);
});

test('repair packs', async () => {
  await killEverywhere(async (repository) => {
    const packs = await idsOf(repository, 'pack');
    const index = await repository.loadIndex();
    const known = packs.filter((pack) => index.findPack(fromHex(pack)!) >= 0);
    await repairPacks(repository, { packs: known.slice(0, 3) }, context);
  }, all);
});

test('copy', async () => {
  const source = await smallRepository();
  for (let number = 5; number < 8; number++) {
    await addSnapshot(source, folder(number), { time: `2024-05-0${number}T00:00:00Z` });
  }
  await killEverywhere(
    (repository) => copy(source, repository, { filter: {} }, context),
    (before, now, finished) => {
      for (const id of before) assert.ok(now.includes(id));
      if (finished) assert.equal(now.length, before.length + 3);
    },
  );
});
