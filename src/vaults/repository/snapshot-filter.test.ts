import assert from 'node:assert/strict';
import test from 'node:test';
import { smallRepository, writeSnapshot } from '../../testing/small-repository.ts';
import { findSnapshot, findSnapshots, resolveId } from './snapshot-filter.ts';
import type { SnapshotFilter } from './snapshot-filter.ts';

async function setUp() {
  const repository = await smallRepository();
  const tree = 'ab'.repeat(32);
  const add = (time: string, hostname: string, paths: string[], tags: string[]) =>
    writeSnapshot(repository, { tree, time, hostname, paths, tags });
  const ids = {
    oldest: await add('2024-01-01T00:00:00Z', 'a', ['/etc', '/home'], ['daily', 'db']),
    middle: await add('2024-01-02T00:30:00+01:00', 'b', ['/etc'], ['daily']),
    newest: await add('2024-01-02T00:00:00Z', 'a', ['/var'], []),
  };
  const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
  const find = async (filter: SnapshotFilter) =>
    (await findSnapshots(repository, filter)).map(({ id }) => names.get(id));
  return { repository, ids, find };
}

test('hosts, tags and paths, oldest first', async () => {
  const { find } = await setUp();
  assert.deepEqual(await find({}), ['oldest', 'middle', 'newest']);
  assert.deepEqual(await find({ hosts: ['a'] }), ['oldest', 'newest']);
  assert.deepEqual(await find({ hosts: ['a', 'b'] }), ['oldest', 'middle', 'newest']);
  assert.deepEqual(await find({ tags: [['daily']] }), ['oldest', 'middle']);
  assert.deepEqual(await find({ tags: [['daily', 'db']] }), ['oldest']);
  assert.deepEqual(await find({ tags: [['db'], ['']] }), ['oldest', 'newest']);
  assert.deepEqual(await find({ paths: ['/etc'] }), ['oldest', 'middle']);
  assert.deepEqual(await find({ paths: ['/home', '/etc'] }), ['oldest']);
  assert.deepEqual(await find({ hosts: ['b'], paths: ['/var'] }), []);
});

test('ids, beginnings of ids and latest, each snapshot once', async () => {
  const { find, ids } = await setUp();
  assert.deepEqual(await find({ ids: [ids.middle.slice(0, 8), ids.middle, 'latest'] }), ['middle', 'newest']);
  assert.deepEqual(await find({ ids: ['latest'], hosts: ['b'] }), ['middle']);
  assert.deepEqual(await find({ ids: ['latest~1', 'latest~2'] }), ['oldest', 'middle']);
});

test('what is unknown is told, and the others are still found', async () => {
  const { repository, ids } = await setUp();
  const problems: string[] = [];
  const found = await findSnapshots(
    repository,
    { ids: ['ffff0000', ids.oldest, 'latest:etc'] },
    (id, error) => problems.push(`${id}: ${(error as Error).message}`),
  );
  assert.deepEqual(
    found.map(({ id }) => id),
    [ids.oldest],
  );
  assert.deepEqual(problems, [
    'ffff0000: no matching ID found for prefix "ffff0000"',
    'latest:etc: <snapshot>:<subfolder> syntax not allowed',
  ]);
  await assert.rejects(findSnapshots(repository, { ids: ['ffff0000'] }), { code: 'not-found' });
  await assert.rejects(findSnapshots(repository, { ids: [ids.oldest], hosts: ['a'] }), {
    code: 'usage',
    message: 'explicit snapshot ids are given',
  });
});

test('a beginning that fits several ids is refused', async () => {
  const { repository } = await setUp();
  await assert.rejects(resolveId(repository, 'snapshot', ''), {
    code: 'usage',
    message: /multiple IDs with prefix ""/,
  });
});

test('one snapshot, with the path behind its colon', async () => {
  const { repository, ids } = await setUp();
  assert.deepEqual(
    await findSnapshot(repository, `${ids.oldest.slice(0, 10)}:/etc/a:b`).then(({ id, path }) => [id, path]),
    [ids.oldest, '/etc/a:b'],
  );
  const latest = await findSnapshot(repository, 'latest:x', { hosts: ['b'] });
  assert.deepEqual([latest.id, latest.path], [ids.middle, 'x']);
  await assert.rejects(findSnapshot(repository, 'latest', { hosts: ['c'], tags: [['x', 'y']] }), {
    code: 'not-found',
    message: 'no snapshot matched given filter (Paths:[] Tags:[[x, y]] Hosts:[c])',
  });
});

test('a damaged snapshot is told, or thrown', async () => {
  const { repository, ids } = await setUp();
  await repository.storage.write(`snapshots/${ids.middle}`, Buffer.from('rubbish'));
  await assert.rejects(findSnapshots(repository, {}), { code: 'corrupt' });
  const damaged: string[] = [];
  const found = await findSnapshots(repository, {}, (id) => damaged.push(id));
  assert.deepEqual(
    found.map(({ id }) => id),
    [ids.oldest, ids.newest],
  );
  assert.deepEqual(damaged, [ids.middle]);
});
