import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import type { Clock } from '../../kernel/clock.ts';
import { createContext } from '../../kernel/context.ts';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Archive } from './archive.ts';
import { withArchiveLock } from './lock.ts';

const night = Date.UTC(2026, 10, 20, 1);

function clockAt(start: number): Clock & { set(time: number): void } {
  let time = start;
  return {
    now: () => time,
    set: (to) => void (time = to),
    async sleep(ms) {
      time += ms;
    },
  };
}

const archiveOn = (storage: Storage, retryLock?: number): Archive => ({
  ...{ storage, layout: 'latest', encode: [], keys: {}, retryLock },
});
const locksIn = (storage: Storage) =>
  Array.fromAsync(storage.list('.holdfast/locks/'), ({ name, size }) => ({ name, size }));
const forbid = async (): Promise<never> => {
  throw new HoldfastError('forbidden', 'no');
};

/** As it stands when another process died with it. */
async function leftBy(storage: Storage, holder: object | string): Promise<void> {
  await withArchiveLock(archiveOn(storage), 'db-shop', createContext(), async () => {
    const [own] = await locksIn(storage);
    const name = own!.name;
    const text = typeof holder === 'string' ? holder : JSON.stringify(holder);
    await storage.write(name.replace(/[0-9a-f]{16}\.json$/, '0123456789abcdef.json'), Buffer.from(text));
  });
}

test('one works at a time on one name, and the second is told who; other names are free', async () => {
  const storage = createMemoryStorage();
  const context = createContext({ clock: clockAt(night) });
  const done = await withArchiveLock(archiveOn(storage), 'db-shop', context, async (held) => {
    await assert.rejects(
      withArchiveLock(archiveOn(storage), 'db-shop', context, async () => 'both'),
      (error) =>
        hasCode(error, 'locked') &&
        error.message.includes(`process ${process.pid} since 2026-11-20T01:00:00.000Z`),
    );
    await held.ensure();
    return withArchiveLock(archiveOn(storage), 'db-shop_archive', context, async () => 'other');
  });
  assert.equal(done, 'other');
  assert.deepEqual(await locksIn(storage), []);
});

test('those who begin at once come one after the other, when they have the patience', async () => {
  const storage = createMemoryStorage();
  let inside = 0;
  const all = Array.from({ length: 4 }, () =>
    withArchiveLock(archiveOn(storage, 60_000), 'db-shop', createContext(), async () => {
      assert.equal(++inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
    }),
  );
  await Promise.all(all);
  assert.deepEqual(await locksIn(storage), []);
});

test('a lock goes with its process, or with time where nobody can look', async () => {
  const at = (ago: number): string => new Date(night - ago * 60_000).toISOString();
  const other = { pid: 1, hostname: `not-${hostname()}`, since: at(300) };
  const gone = { pid: 2 ** 22 + 1, hostname: hostname(), since: at(1), time: at(1) };
  for (const [holder, binds] of [
    [{ ...other, time: at(29) }, true],
    [{ ...other, time: at(31) }, false],
    [{ ...other, time: at(-31) }, false],
    [{ ...gone, pid: process.pid }, true],
    [gone, false],
    // what the storage says of its time is all there is
    ['no JSON', false],
    ['', false],
  ] as const) {
    const storage = createMemoryStorage();
    await leftBy(storage, holder);
    const context = createContext({ clock: clockAt(night) });
    const taken = withArchiveLock(archiveOn(storage), 'db-shop', context, async () => true);
    const what = JSON.stringify(holder);
    if (binds) await assert.rejects(taken, (error) => hasCode(error, 'locked'), what);
    else assert.equal(await taken, true, what);
  }
});

test('who may write and not remove leaves what binds nobody; who may not write looks', async () => {
  const storage = createMemoryStorage();
  const writer: Storage = { ...storage, remove: forbid, read: forbid };
  const context = createContext({ clock: clockAt(night) });
  await withArchiveLock(archiveOn(writer), 'db-shop', context, async () => {
    await assert.rejects(
      withArchiveLock(archiveOn({ ...storage, write: forbid }), 'db-shop', context, async () => {}),
      (error) => hasCode(error, 'locked'),
    );
  });
  assert.deepEqual(
    (await locksIn(storage)).map(({ size }) => size),
    [0],
  );
  await withArchiveLock(archiveOn(writer), 'db-shop', context, async () => {});
  await withArchiveLock(archiveOn({ ...storage, write: forbid }), 'db-shop', context, async () => {});
});

test('a lock is refreshed, and one that was taken away is noticed', async () => {
  const storage = createMemoryStorage();
  const clock = clockAt(night);
  const context = createContext({ clock });
  let tick = async (): Promise<void> => {};
  await withArchiveLock(
    archiveOn(storage),
    'db-shop',
    context,
    async (held) => {
      clock.set(night + 29 * 60_000);
      await tick();
      clock.set(night + 45 * 60_000);
      await assert.rejects(
        withArchiveLock(archiveOn(storage), 'db-shop', context, async () => {}),
        (error) => hasCode(error, 'locked'),
      );
      await held.ensure();
      for (const { name } of await locksIn(storage)) await storage.remove(name);
      await assert.rejects(held.ensure(), (error) => hasCode(error, 'locked'));
    },
    {
      poll(given) {
        tick = given;
        return () => {};
      },
    },
  );
});
