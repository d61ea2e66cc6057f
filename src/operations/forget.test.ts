import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { idsOf, smallRepository, writeSnapshot } from '../testing/small-repository.ts';
import { performForget, planForget } from './forget.ts';
import { isGrouping, parseGroupBy } from './snapshot-groups.ts';
import { listSnapshots } from './snapshots.ts';
import { tag } from './tag.ts';

const context = createContext();
const tree = '0'.repeat(64);

async function filled(storage = createMemoryStorage()) {
  const repository = await smallRepository(storage);
  const ids: string[] = [];
  for (const [day, hostname, paths, tags] of [
    [1, 'a', ['/x'], []],
    [2, 'a', ['/y', '/x'], ['t']],
    [3, 'b', ['/x'], ['t', 'u']],
    [4, 'a', ['/x'], []],
    [5, 'a', ['/x', '/y'], []],
  ] as const) {
    ids.push(
      await writeSnapshot(repository, { tree, time: `2024-05-0${day}T10:00:00Z`, hostname, paths, tags }),
    );
  }
  return { repository, ids };
}

test('the policy holds for each group by itself', async () => {
  const { repository, ids } = await filled();
  const plan = await planForget(repository, { filter: {}, policy: { last: 1 } }, context);
  assert.deepEqual(
    plan.groups.map(({ key, keep, remove }) => [key.hostname, key.paths, keep.length, remove.length]),
    [
      ['a', ['/x'], 1, 1],
      ['a', ['/x', '/y'], 1, 1],
      ['b', ['/x'], 1, 0],
    ],
  );
  assert.deepEqual(plan.remove, [ids[0], ids[1]]);
  const result = await performForget(repository, plan, context);
  assert.deepEqual([result.removed, result.failed], [[ids[0], ids[1]], []]);
  assert.deepEqual(await idsOf(repository, 'snapshot'), ids.slice(2).sort());
});

test('everything is never removed by accident', async () => {
  const { repository, ids } = await filled();
  const plan = (options: Partial<Parameters<typeof planForget>[1]>) =>
    planForget(repository, { filter: {}, policy: {}, ...options }, context);
  await assert.rejects(plan({}), { code: 'usage', message: /no policy was specified/ });
  await assert.rejects(plan({ policy: { last: 0 } }), { code: 'usage' });
  await assert.rejects(plan({ unsafeAllowRemoveAll: true }), { code: 'usage', message: /filter option/ });
  await assert.rejects(plan({ policy: { tags: [['nobody']] } }), {
    message: /refusing to delete last snapshot.*host a/,
  });
  const all = await plan({ unsafeAllowRemoveAll: true, filter: { hosts: ['b'] } });
  assert.deepEqual(all.remove, [ids[2]]);
  assert.deepEqual((await plan({ filter: { ids: [ids[3]!.slice(0, 10)] } })).remove, [ids[3]]);
});

test('a snapshot that cannot be removed does not keep the others', async () => {
  const storage = createMemoryStorage();
  const { repository, ids } = await filled({
    ...storage,
    remove: async (name, options) => {
      if (name.endsWith(stuck)) throw new HoldfastError('forbidden', 'no');
      return storage.remove(name, options);
    },
  });
  stuck = ids[0]!;
  const plan = await planForget(repository, { filter: {}, policy: { last: 1 }, groupBy: {} }, context);
  const { removed, failed } = await performForget(repository, plan, context);
  assert.equal(removed.length, 3);
  assert.deepEqual(
    failed.map(({ id }) => id),
    [ids[0]],
  );
});
let stuck = '';

test('snapshots are listed oldest first, grouped, and only the latest of each host and paths', async () => {
  const { repository, ids } = await filled();
  const list = async (options: Partial<Parameters<typeof listSnapshots>[1]>) => {
    const { grouped, groups } = await listSnapshots(repository, { filter: {}, ...options }, context);
    assert.equal(grouped, isGrouping(options.groupBy ?? {}));
    return groups.map(({ snapshots }) => snapshots.map(({ id }) => ids.indexOf(id)));
  };
  assert.deepEqual(await list({}), [[0, 1, 2, 3, 4]]);
  assert.deepEqual(await list({ latest: 1 }), [[2, 3, 4]]);
  assert.deepEqual(await list({ groupBy: parseGroupBy('tags') }), [[0, 3, 4], [1], [2]]);
  assert.deepEqual(await list({ groupBy: parseGroupBy('hosts'), latest: 2 }), [[3, 4], [2]]);
  assert.deepEqual(await list({ filter: { tags: [['u', 't'], ['']] } }), [[0, 2, 3, 4]]);
  assert.throws(() => parseGroupBy('host,colour'), { code: 'usage' });
});

test('tags are added, removed and set, and the first id is remembered', async () => {
  const { repository, ids } = await filled();
  const change = async (options: Omit<Parameters<typeof tag>[1], 'filter'>, id: string) => {
    const { changed } = await tag(repository, { filter: { ids: [id] }, ...options }, context);
    return changed[0] && { id: changed[0].newId, ...(await repository.readSnapshot(changed[0].newId)) };
  };
  const added = (await change({ add: ['x', 't', 'y', 'x'] }, ids[1]!))!;
  assert.deepEqual([added.tags, added.original], [['t', 'x', 'y'], ids[1]]);
  const removed = (await change({ remove: ['t'] }, added.id))!;
  assert.deepEqual([removed.tags, removed.original], [['y', 'x'], ids[1]]);
  assert.equal(await change({ remove: ['absent'] }, removed.id), undefined);
  assert.deepEqual((await change({ set: [''] }, removed.id))!.tags, []);
  assert.equal((await idsOf(repository, 'snapshot')).length, 5);
  await assert.rejects(tag(repository, { filter: {} }, context), { code: 'usage' });
  await assert.rejects(tag(repository, { filter: {}, set: ['a'], add: ['b'] }, context), { code: 'usage' });
});
