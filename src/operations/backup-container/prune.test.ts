import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext } from '../../kernel/context.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { artefactName } from '../../vaults/archive/layout/layout.ts';
import { wallTimeOf } from '../../vaults/archive/layout/wall-clock.ts';
import { chooseBackup, matchingBackups } from './choose-backup.ts';
import { type BackupStrategy, planPrune, removeBackups, tierAt } from './prune.ts';
import { type BackupPlace, flatName, listBackups } from './stored-backups.ts';

const day = 86_400_000;
const signal = new AbortController().signal;
const defaults: BackupStrategy = {
  kind: 'rolling',
  counts: { daily: 6, weekly: 4, monthly: 1 },
  newest: 31,
};

const bytes = new Uint8Array(100);

function nameAt(time: number, database: string, strategy: BackupStrategy): string {
  const tier = tierAt(time, strategy);
  const spec = { host: 'host', database, time, tier, extension: '.sql.gz' };
  return artefactName(tier ? 'rolling' : 'daily', spec);
}

/** What is left of two databases, and as copies, after a backup at one o'clock on so many days. */
async function simulate(strategy: BackupStrategy, days: number, first = '2024-01-01T01:00:00') {
  const clock = createFakeClock(Date.parse(first));
  const context = createContext({ clock });
  const folder = { kind: 'folder', storage: createMemoryStorage() } as const;
  const copies = { kind: 'S3', storage: createMemoryStorage() } as const;
  const missing: string[] = [];
  for (let i = 0; i < days; i++) {
    for (const database of ['app', 'app_archive']) {
      const name = nameAt(clock.now(), database, strategy);
      await folder.storage.write(name, bytes);
      await copies.storage.write(flatName(name), bytes);
      for (const place of [folder, copies]) {
        const plan = await planPrune(place, `host-${database}`, { strategy, minSizeRatio: 0.5 }, 1, context);
        assert.deepEqual(plan.held, []);
        await removeBackups(plan.remove, context);
      }
      if (!(await names(folder.storage)).includes(name)) missing.push(name);
    }
    clock.advance(day);
  }
  return { folder, copies, missing };
}

async function names(storage: Storage): Promise<string[]> {
  return (await Array.fromAsync(storage.list(''), ({ name }) => name)).toSorted();
}

test('six daily, four weekly and one monthly stay, of each database, also among the copies', async () => {
  const { folder, copies, missing } = await simulate(defaults, 3 * 366);
  assert.deepEqual(missing, []);
  const left = (await names(folder.storage)).filter((name) => name.includes('host-app_20'));
  assert.equal(left.filter((name) => name.startsWith('daily/')).length, 6);
  assert.equal(left.filter((name) => name.startsWith('weekly/')).length, 4);
  assert.equal(left.filter((name) => name.startsWith('monthly/')).length, 1);
  const archive = (await names(folder.storage)).filter((name) => name.includes('host-app_archive_'));
  assert.equal(archive.length, 11);
  assert.deepEqual(await names(copies.storage), (await names(folder.storage)).map(flatName).toSorted());
});

test('without weekly backups a Sunday is a day as any other, and its backup stays', async () => {
  const strategy: BackupStrategy = { ...defaults, counts: { daily: 6, weekly: 0, monthly: 0 } };
  // to a Wednesday
  const { folder, missing } = await simulate(strategy, 24);
  assert.deepEqual(missing, []);
  const left = (await names(folder.storage)).filter((name) => name.includes('host-app_20'));
  assert.equal(left.length, 6);
  assert.ok(left.some((name) => new Date(name.slice(6, 16)).getUTCDay() === 0));
});

test('no strategy ever takes the backup that was just made', async () => {
  for (const counts of [
    { daily: 0, weekly: 4, monthly: 1 },
    { daily: 0, weekly: 0, monthly: 1 },
    { daily: 1, weekly: 0, monthly: 0 },
  ]) {
    const { missing } = await simulate({ ...defaults, counts }, 70);
    assert.deepEqual(missing, []);
  }
  const { folder, missing } = await simulate({ ...defaults, kind: 'daily', newest: 31 }, 40);
  assert.deepEqual(missing, []);
  assert.equal((await names(folder.storage)).length, 62);
});

test('a month ends where its last day does, and a Sunday that is one is monthly', () => {
  const at = (text: string) => tierAt(Date.parse(`${text}T12:00:00`), defaults);
  assert.equal(at('2024-02-28'), 'daily');
  assert.equal(at('2024-02-29'), 'monthly');
  assert.equal(at('2026-05-31'), 'monthly');
  assert.equal(wallTimeOf(Date.parse('2026-05-31T12:00:00')).weekday, 0);
  assert.equal(tierAt(Date.parse('2026-05-31T12:00:00'), { ...defaults, kind: 'daily' }), undefined);
});

async function placeWith(...given: readonly string[]): Promise<BackupPlace> {
  const storage = createMemoryStorage({ location: '/backups' });
  for (const name of given) await storage.write(name, bytes);
  return { kind: 'folder', storage };
}

const some = [
  'daily/2026-11-20/host-app_2026-11-20_01-00-00.sql.gz',
  'daily/2026-11-20/host-app_archive_2026-11-20_01-00-05.sql.gz',
  'daily/2026-11-21/host-app_2026-11-21_01-00-00.sql.gz.in_progress',
  'weekly/2026-11-15/host-app_2026-11-15_01-00-00.sql.gz',
  'daily/2026-11-21/other-db_2026-11-21_01-00-00.sql.gz',
  '2026-11-01/host-app_2026-11-01_01-00-00.sql.gz',
  'notes.txt',
];

test('a database is found by its whole name: neither those that it begins nor unfinished files', async () => {
  const place = await placeWith(...some);
  const backups = await Array.fromAsync(listBackups(place, { signal }));
  assert.equal(backups.length, 5);
  const chosen = (core: string, filter?: string) => chooseBackup(backups, core, filter).name;
  assert.equal(chosen('host-app'), some[0]);
  assert.equal(chosen('host-app_archive'), some[1]);
  assert.equal(chosen('elsewhere-test', 'host-app'), some[0]);
  assert.equal(chosen('elsewhere-test', some[3]!.slice(18)), some[3]);
  assert.equal(chosen('host-app', '2026-11-01'), some[5]);
  assert.equal(chosen('elsewhere-test', '/backups/weekly/'), some[3]);
  assert.equal(chosen('elsewhere-test', 'ther-d'), some[4]);
  assert.throws(() => chosen('elsewhere-test', '2026-11-20'), /fits backups of host-app, host-app_archive/);
  assert.throws(() => chosen('host-ap'), /there is no backup of host-ap$/);
  assert.throws(() => chosen('host-app', 'nothing'), /no backup fits "nothing"/);
  assert.equal(matchingBackups(backups, 'host-app').length, 3);
  assert.equal(matchingBackups(backups, '2026-11-20').length, 2);
});

test('pruning one database leaves those alone whose names begin as its own', async () => {
  const place = await placeWith(...some, 'daily/2026-11-21/host-app_2026-11-21_01-00-00.sql.gz');
  const strategy: BackupStrategy = { ...defaults, counts: { daily: 1, weekly: 1, monthly: 1 } };
  const context = createContext({ clock: createFakeClock(Date.parse('2026-11-21T01:00:10')) });
  const plan = await planPrune(place, 'host-app', { strategy, minSizeRatio: 0.5 }, 1, context);
  assert.deepEqual(
    plan.remove.map(({ name }) => name),
    [some[0]],
  );
  const shared = await planPrune(place, 'host-app', { strategy, minSizeRatio: 0.5 }, 2, context);
  assert.deepEqual(shared.remove, []);
});

test('what was left unfinished a day ago goes, what is still written stays', async () => {
  const clock = createFakeClock(Date.now());
  const storage = createMemoryStorage({ location: '/backups' });
  const left = some[2]!;
  for (const name of [left, left.replace('host-app', 'host-app_archive'), some[0]!])
    await storage.write(name, bytes);
  const [{ modified } = { modified: undefined }] = await Array.fromAsync(storage.list(left));
  assert.ok(modified !== undefined, 'the storage tells');
  const plan = async () => {
    const place = { kind: 'folder', storage } as const;
    const rules = { strategy: defaults, minSizeRatio: 0.5 };
    return (await planPrune(place, 'host-app', rules, 1, createContext({ clock }))).remove;
  };
  assert.deepEqual(await plan(), []);
  clock.advance(day + 60_000);
  assert.deepEqual(
    (await plan()).map(({ name }) => name),
    [left],
  );
});

test('a backup that is suspiciously small takes the place of none', async () => {
  const place = await placeWith(...some);
  await place.storage.write('daily/2026-11-21/host-app_2026-11-21_01-00-00.sql.gz', new Uint8Array(10));
  const strategy: BackupStrategy = { ...defaults, counts: { daily: 1, weekly: 1, monthly: 1 } };
  const context = createContext({ clock: createFakeClock(Date.parse('2026-11-21T01:00:10')) });
  const plan = await planPrune(place, 'host-app', { strategy, minSizeRatio: 0.5 }, 1, context);
  assert.deepEqual(plan.remove, []);
  assert.match(plan.held.join(), /suspiciously small/);
});
