/** A verb whose process stood still until somebody removed its lock: it writes no snapshot and removes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext, type Context } from '../../src/kernel/context.ts';
import { copy } from '../../src/operations/copy.ts';
import { performForget, planForget } from '../../src/operations/forget.ts';
import { performPrune, planPrune } from '../../src/operations/prune.ts';
import { recover } from '../../src/operations/recover.ts';
import { repairIndex } from '../../src/operations/repair-index.ts';
import { repairPacks } from '../../src/operations/repair-packs.ts';
import { repairSnapshots } from '../../src/operations/repair-snapshots.ts';
import { rewrite } from '../../src/operations/rewrite.ts';
import { tag } from '../../src/operations/tag.ts';
import { createFakeClock } from '../../src/testing/fake-clock.ts';
import { addSnapshot, idsOf, smallRepository, writeTree } from '../../src/testing/small-repository.ts';
import { withLock } from '../../src/vaults/repository/lock.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { createBlobWriter } from '../../src/vaults/repository/writer.ts';

type Verb = (repository: Repository, context: Context) => Promise<unknown>;

const patterns = { excludes: ['*.log'], insensitiveExcludes: [], includes: [], insensitiveIncludes: [] };
const nothing = { ...patterns, excludes: ['*'] };
const lost = Buffer.alloc(32, 7);

const verbs: Record<string, Verb> = {
  async copy(repository, context) {
    const source = await smallRepository();
    await addSnapshot(source, { new: 'new' });
    await copy(source, repository, { filter: {} }, context);
  },
  rewrite: (repository, context) => rewrite(repository, { filter: {}, patterns }, context),
  'rewrite --forget': (repository, context) =>
    rewrite(repository, { filter: {}, patterns, forget: true }, context),
  'rewrite without anything left': (repository, context) =>
    rewrite(repository, { filter: {}, patterns: nothing, forget: true }, context),
  tag: (repository, context) => tag(repository, { filter: {}, add: ['new'] }, context),
  'repair snapshots': (repository, context) =>
    repairSnapshots(repository, { filter: {}, forget: true }, context),
  'repair index': (repository, context) => repairIndex(repository, { readAllPacks: true }, context),
  async 'repair packs'(repository, context) {
    const [pack] = await idsOf(repository, 'pack');
    await repairPacks(repository, { packs: [pack!] }, context);
  },
  recover: (repository, context) => recover(repository, {}, context),
  async forget(repository, context) {
    const plan = await planForget(repository, { filter: {}, policy: { last: 1 } }, context);
    await performForget(repository, plan, context);
  },
  async prune(repository, context) {
    await performPrune(
      repository,
      await planPrune(repository, { maxUnused: { bytes: 0 } }, context),
      context,
    );
  },
};

/** Two snapshots (one of them for repair: a file of it is lost) and data that nobody needs. */
async function filled(whole: boolean): Promise<Repository> {
  const repository = await smallRepository();
  const damage = whole ? {} : { damaged: { node: { content: lost, size: 7 } } };
  await addSnapshot(repository, { a: 'a', 'a.log': 'log' });
  await addSnapshot(repository, { b: 'b', 'b.log': 'log', ...damage }, { time: '2024-06-01T00:00:00Z' });
  const writer = await createBlobWriter(repository, {}, createContext());
  await writeTree(writer, { rubbish: ['nobody', 'needs', 'this'] });
  await writer.finish();
  return repository;
}

const stored = async (repository: Repository) => ({
  snapshots: await idsOf(repository, 'snapshot'),
  packs: await idsOf(repository, 'pack'),
  indexes: await idsOf(repository, 'index'),
});

for (const [name, verb] of Object.entries(verbs)) {
  test(`${name} stops before it commits when its lock is lost`, async () => {
    const repository = await filled(name !== 'repair snapshots');
    const before = await stored(repository);
    const run = async (standstill: () => Promise<void>): Promise<void> => {
      const clock = createFakeClock();
      const context = createContext({ clock });
      await withLock(repository, { exclusive: true, poll: () => () => {} }, context, async (inner, held) => {
        clock.advance(45 * 60_000);
        await standstill();
        await verb(held.repository, inner);
      });
    };
    const removeLocks = async (): Promise<void> => {
      for (const id of await idsOf(repository, 'lock')) await repository.removeFile('lock', id);
    };
    await assert.rejects(run(removeLocks), { code: 'failed', message: /lock file was removed/ });
    const after = await stored(repository);
    assert.deepEqual(after.snapshots, before.snapshots);
    for (const kind of ['packs', 'indexes'] as const) {
      assert.deepEqual(
        before[kind].filter((id) => !after[kind].includes(id)),
        [],
        `${kind} are as they were, or more`,
      );
    }

    repository.forgetIndex();
    await run(async () => {});
    assert.notDeepEqual(await stored(repository), after, 'with its lock it does its work');
  });
}
