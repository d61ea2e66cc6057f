import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import type { ArchiveSnapshot } from '../../vaults/archive/archive.ts';
import { chooseArtefact, chooseSnapshots } from './find.ts';
import { groupKeys, retentionSubject } from './groups.ts';

function snapshot(
  core: string,
  day: number,
  options: { path?: string; endings?: string[]; tags?: string[] } = {},
): ArchiveSnapshot {
  const { path, endings = ['.sql.gz'], tags = [] } = options;
  const name = `${core}_2026-01-0${day}_01-00-00`;
  const [host = '', database = ''] = core.split('-');
  return {
    ...{
      id: `${day}`.repeat(64),
      name,
      layout: 'daily',
      core,
      time: Date.UTC(2026, 0, day, 1),
      tier: undefined,
    },
    manifest:
      path === undefined
        ? undefined
        : {
            ...{ version: 1, time: '', hostname: 'box', program: '', tags, artefacts: [] },
            source: { host, database, kind: 'postgres', paths: [path] },
          },
    artefacts: endings.map((extension) => ({
      ...{ name: `2026-01-0${day}/${name}${extension}`, extension, size: 1 },
      ...{ manifestName: undefined, known: undefined },
    })),
  };
}

const all = [
  snapshot('db-app', 1),
  snapshot('db-app', 2, { path: '/postgres/db_5432/app', tags: ['night'] }),
  snapshot('db-app_archive', 3, { path: '/postgres/db_5432/app_archive' }),
];
const days = (filter: Parameters<typeof chooseSnapshots>[1]): number[] =>
  chooseSnapshots(all, filter).map(({ time }) => new Date(time).getUTCDate());

test('snapshots are chosen by ids, names, paths, hosts and tags', () => {
  assert.deepEqual(days({}), [1, 2, 3]);
  assert.deepEqual(days({ ids: ['latest'] }), [3]);
  assert.deepEqual(days({ ids: ['latest~1'] }), [2]);
  assert.deepEqual(days({ ids: ['latest'], paths: ['db-app'] }), [2]);
  assert.deepEqual(days({ ids: ['1111'] }), [1]);
  assert.deepEqual(days({ ids: ['db-app_2026-01-01_01-00-00'] }), [1]);
  assert.deepEqual(days({ ids: ['db-app_2026-01-02_01-00-00.sql.gz'] }), [2]);
  assert.deepEqual(days({ paths: ['/postgres/db_5432/app'] }), [2]);
  assert.deepEqual(days({ hosts: ['db'] }), [1, 2, 3]);
  assert.deepEqual(days({ hosts: ['box'] }), [2, 3]);
  assert.deepEqual(days({ hosts: ['d'] }), []);
  assert.deepEqual(days({ tags: [['night']] }), [2]);
  for (const ids of [['db-app'], ['4444'], ['latest~3']]) {
    assert.throws(
      () => days({ ids }),
      (error) => hasCode(error, 'not-found'),
    );
  }
});

test('of several files the plain dump is meant, or the one that is named', () => {
  const several = snapshot('db-app', 1, { endings: ['.anon.sql.gz', '.dump', '.sql.gz'] });
  const ending = (choice: Parameters<typeof chooseArtefact>[1]): string =>
    chooseArtefact(several, choice).extension;
  assert.equal(ending({}), '.sql.gz');
  assert.equal(ending({ named: 'dump' }), '.dump');
  assert.equal(ending({ form: 'custom' }), '.dump');
  assert.equal(ending({ named: 'anon' }), '.anon.sql.gz');
  assert.throws(
    () => ending({ named: 'tar' }),
    (error) => hasCode(error, 'not-found'),
  );
});

test('two servers of one name have a group each, as soon as manifests tell', () => {
  const one = [snapshot('db-app', 1), snapshot('db-app', 2, { path: '/postgres/db_5432/app' })];
  const keyOfOne = groupKeys(one);
  assert.equal(new Set(one.map(keyOfOne)).size, 1);
  const two = [...one, snapshot('db-app', 3, { path: '/mysql/db_3306/app' })];
  const keyOfTwo = groupKeys(two);
  assert.equal(new Set(two.map(keyOfTwo)).size, 3);
  const { artefacts } = retentionSubject(
    snapshot('db-app', 1, { endings: ['.sql.zst.age', '.dump'] }),
    'key',
    { kind: 'newest', count: 1 },
    'UTC',
  );
  assert.deepEqual(
    artefacts.map(({ group }) => group),
    ['key .sql', 'key .dump'],
  );
});
