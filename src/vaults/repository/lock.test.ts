import assert from 'node:assert/strict';
import test from 'node:test';
import type { Context } from '../../kernel/context.ts';
import { createContext } from '../../kernel/context.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { idsOf, smallRepository } from '../../testing/small-repository.ts';
import { acquireLock, listLocks, removeLock, writeLock } from './lock-acquire.ts';
import { encodeLock } from './format/lock.ts';
import { type LockHost, ownLocks } from './lock-holder.ts';
import { refreshEveryMs, withLock } from './lock.ts';
import type { Repository } from './repository.ts';

const minute = 60_000;
const start = Date.UTC(2026, 0, 1);

function hostOf(parts: Partial<LockHost> = {}): LockHost {
  return {
    hostname: 'here',
    username: 'user',
    pid: 100,
    uid: 0,
    gid: 0,
    startedMs: start - minute,
    isRunning: (pid) => pid < 1000,
    mark: 'here',
    hasEnded: (pid, mark) => mark === 'here' && pid >= 1000,
    ...parts,
  };
}

/** A repository, a context whose clock is turned by hand, and ticks that a test gives. */
async function setUp(storage: Storage = createMemoryStorage()) {
  const clock = createFakeClock(start);
  const warnings: string[] = [];
  const context: Context = createContext({ clock, warn: (message) => warnings.push(message) });
  const repository = await smallRepository(storage);
  let tick: () => Promise<void> = async () => {};
  const poll = (given: () => Promise<void>) => {
    tick = given;
    return () => {};
  };
  return { storage, repository, clock, context, warnings, poll, tick: () => tick() };
}

const other = hostOf({ hostname: 'there', pid: 7 });

test('a lock is there while the work goes on, and gone after it, also when it fails', async () => {
  const { repository, context, clock } = await setUp();
  const options = { exclusive: false, host: hostOf() };
  const result = await withLock(repository, options, context, async () => {
    const [listed] = await listLocks(repository);
    assert.equal(listed?.lock?.hostname, 'here');
    assert.equal(listed.lock.pid, 100);
    assert.equal(listed.lock.exclusive, false);
    assert.equal(listed.lock.timeMs, start);
    return 5;
  });
  assert.equal(result, 5);
  assert.deepEqual(clock.sleeps, [200], 'it waits before it looks again');
  assert.deepEqual(await idsOf(repository, 'lock'), []);
  const failing = withLock(repository, options, context, () => Promise.reject(new Error('no luck')));
  await assert.rejects(failing, /no luck/);
  assert.deepEqual(await idsOf(repository, 'lock'), []);
});

test('shared locks go together, an exclusive one with none', async () => {
  const { repository, context } = await setUp();
  const shared = await writeLock(repository, false, other, start);
  await withLock(repository, { exclusive: false, host: hostOf() }, context, async () => {});
  await assert.rejects(
    withLock(repository, { exclusive: true, host: hostOf() }, context, async () => {}),
    {
      code: 'locked',
      message:
        /^repository is already locked by PID 7 on there by user \(UID 0, GID 0\), lock was created at /,
    },
  );
  await removeLock(repository, shared);
  await writeLock(repository, true, other, start);
  await assert.rejects(
    withLock(repository, { exclusive: false, host: hostOf() }, context, async () => {}),
    {
      code: 'locked',
      message: /^repository is already locked exclusively by PID 7/,
    },
  );
  assert.equal((await idsOf(repository, 'lock')).length, 1, 'only the lock of the other is left');
});

test('two who lock at the same moment both see the other after the wait', async () => {
  const { repository, context } = await setUp();
  const mine = await acquireLock(repository, true, context, hostOf());
  await writeLock(repository, true, other, start);
  await assert.rejects(mine.settle(context.signal), { code: 'locked' });
});

test('eager work is ended by a lock that appears at the same moment, before it commits', async () => {
  const { repository, context, storage } = await setUp();
  const competing: Repository = {
    ...repository,
    async writeFile(kind, json) {
      const id = await repository.writeFile(kind, json);
      if ((await idsOf(repository, 'lock')).length === 1) await writeLock(repository, true, other, start);
      return id;
    },
  };
  let committed = false;
  const work = withLock(
    competing,
    { exclusive: false, eager: true, host: hostOf() },
    context,
    async (_, lock) => {
      await lock.ensure();
      committed = true;
    },
  );
  await assert.rejects(work, { code: 'locked' });
  assert.equal(committed, false);
  const left = [];
  for await (const { name } of storage.list('locks/')) left.push(name);
  assert.equal(left.length, 1);
});

test('a lock is waited for as long as was asked', async () => {
  const { repository, context, clock } = await setUp();
  const id = await writeLock(repository, true, other, start);
  const said: string[] = [];
  const options = {
    exclusive: true,
    host: hostOf(),
    retryFor: 60_000,
    onWait: (text: string) => said.push(text),
  };
  await assert.rejects(
    withLock(repository, options, context, async () => {}),
    { code: 'locked' },
  );
  assert.equal(clock.now() - start, 60_000);
  assert.deepEqual(said, ['repository is already locked, waiting up to 60s for the lock']);
  const sleep = clock.sleep.bind(clock);
  clock.sleep = async (ms, signal) => {
    await sleep(ms, signal);
    if (clock.now() - start > 80_000) await repository.removeFile('lock', id);
  };
  await withLock(repository, options, context, async () => {});
});

test("locks that were not refreshed for half an hour stand in nobody's way", async () => {
  const { repository, context, warnings } = await setUp();
  const old = hostOf({ hostname: 'there' });
  await writeLock(repository, true, old, start - 31 * minute);
  await withLock(repository, { exclusive: true, host: hostOf() }, context, async () => {});
  assert.deepEqual(await idsOf(repository, 'lock'), []);
  assert.equal(warnings.length, 1);
  assert.match(warnings.join(), /removing the stale lock of PID 100 on there/);
});

/** A lock as another process would have written it. */
async function foreignLock(
  repository: Repository,
  timeMs: number,
  pid: number,
  mark?: string,
): Promise<string> {
  const time = new Date(timeMs).toISOString();
  const parts = { time, exclusive: true, hostname: 'here', username: 'user', pid, uid: 0, gid: 0, mark };
  return repository.writeFile('lock', encodeLock(parts));
}

test('a process that does not run here may run in a container of the same name', async () => {
  const { repository, context } = await setUp();
  const gone = /^no such process runs here: if here is the name of no other machine .* `holdfast unlock`/;
  for (const [timeMs, pid, hint] of [
    [start, 2000, gone],
    [start - 2 * minute, 100, gone],
    [start, 100, /^wait for it/],
    [start, 7, /^wait for it/],
  ] as const) {
    const id = await foreignLock(repository, timeMs, pid);
    await assert.rejects(acquireLock(repository, true, context, hostOf()), { code: 'locked', hint });
    await repository.removeFile('lock', id);
  }
});

test('a process that was certainly on this system, and is no more, binds nobody', async () => {
  const { repository, context, warnings } = await setUp();
  await foreignLock(repository, start, 2000, 'here');
  const lock = await acquireLock(repository, true, context, hostOf());
  assert.match(warnings.join(), /removing the stale lock of PID 2000 on here/);
  await removeLock(repository, lock.id);
  await foreignLock(repository, start, 2000, 'elsewhere');
  await assert.rejects(acquireLock(repository, true, context, hostOf()), { code: 'locked' });
});

test('what this process left behind itself binds nobody', async () => {
  const { repository, context } = await setUp();
  const abandoned = await acquireLock(repository, true, context, hostOf());
  await assert.rejects(acquireLock(repository, true, context, hostOf()), { code: 'locked' }, 'held by us');
  ownLocks.drop(abandoned.id);
  const lock = await acquireLock(repository, true, context, hostOf());
  assert.deepEqual(await idsOf(repository, 'lock'), [lock.id]);
  await removeLock(repository, lock.id);
});

test('a lock that somebody removed ends the work before it commits', async () => {
  const { repository, context, clock, poll } = await setUp();
  const options = { exclusive: false, host: hostOf(), poll };
  const lost = withLock(repository, options, context, async (_, lock) => {
    for (const id of await idsOf(repository, 'lock')) await repository.removeFile('lock', id);
    clock.advance(2 * minute);
    await lock.ensure();
  });
  await assert.rejects(lost, /lock could not be kept: the lock file was removed in the meantime/);
});

test('a lock is refreshed every five minutes', async () => {
  const { repository, context, clock, poll, tick } = await setUp();
  await withLock(repository, { exclusive: true, host: hostOf(), poll }, context, async () => {
    const [first] = await idsOf(repository, 'lock');
    clock.advance(refreshEveryMs - 1000);
    await tick();
    assert.deepEqual(await idsOf(repository, 'lock'), [first]);
    clock.advance(2000);
    await tick();
    const locks = await listLocks(repository);
    assert.equal(locks.length, 1);
    assert.notEqual(locks[0]!.id, first);
    assert.equal(locks[0]!.lock?.timeMs, clock.now());
  });
  assert.deepEqual(await idsOf(repository, 'lock'), []);
});

test('a refresh that fails is told and tried again; kept from it too long, the work ends', async () => {
  const memory = createMemoryStorage();
  let broken = false;
  const storage: Storage = {
    ...memory,
    async write(name, body, options) {
      if (broken && name.startsWith('locks/')) throw new Error('no route');
      await memory.write(name, body, options);
    },
  };
  const { repository, context, clock, poll, tick, warnings } = await setUp(storage);
  const work = withLock(
    repository,
    { exclusive: true, host: hostOf(), poll },
    context,
    async (inner, lock) => {
      broken = true;
      clock.advance(refreshEveryMs);
      await tick();
      assert.deepEqual(warnings, ['unable to refresh lock: no route']);
      assert.equal(inner.signal.aborted, false);
      clock.advance(20 * minute);
      await tick();
      assert.equal(inner.signal.aborted, true);
      await assert.rejects(lock.ensure(), /lock could not be kept/);
      return 'done all the same';
    },
  );
  await assert.rejects(work, { code: 'failed', message: 'the lock could not be kept: no route' });
});

test('after a standstill the lock is good again only if nobody removed it', async () => {
  const { repository, context, clock, poll } = await setUp();
  const options = { exclusive: true, host: hostOf(), poll };
  await withLock(repository, options, context, async (_, lock) => {
    clock.advance(45 * minute);
    await lock.ensure();
    const [listed] = await listLocks(repository);
    assert.equal(clock.now() - listed!.lock!.timeMs, 200);
  });
  const lost = withLock(repository, options, context, async (_, lock) => {
    clock.advance(45 * minute);
    for (const id of await idsOf(repository, 'lock')) await repository.removeFile('lock', id);
    await lock.ensure();
  });
  await assert.rejects(lost, /lock could not be kept: the lock file was removed in the meantime/);
  assert.deepEqual(await idsOf(repository, 'lock'), []);
});

test('a lock that cannot be read is looked at again, and then named', async () => {
  const { repository, storage, context, clock } = await setUp();
  await storage.write(`locks/${'ab'.repeat(32)}`, Buffer.from('rubbish'));
  await storage.write(`locks/${'cd'.repeat(32)}`, Buffer.alloc(0));
  await assert.rejects(
    withLock(repository, { exclusive: false, host: hostOf() }, context, async () => {}),
    {
      code: 'corrupt',
      message: /^invalid lock file: the lock file abababab is damaged/,
    },
  );
  assert.equal(clock.sleeps.length, 3);
});

test('without a lock nothing is written', async () => {
  const { repository, context } = await setUp();
  const options = { exclusive: false, none: true };
  await withLock(repository, options, context, async (_, lock) => {
    await lock.ensure();
    assert.deepEqual(await idsOf(repository, 'lock'), []);
  });
});

test('a storage that stops answering holds up the end for a while, and what may be left is told', async (t) => {
  const memory = createMemoryStorage();
  let silent = false;
  const never = new Promise<never>(() => {});
  const deaf: Storage = {
    ...memory,
    remove: () => never,
    async *list(prefix, options) {
      if (silent) await never;
      yield* memory.list(prefix, options);
    },
  };
  const { repository, context, warnings } = await setUp(deaf);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const options = { exclusive: true, eager: true, host: hostOf() };
  const result = await withLock(repository, options, context, async () => {
    silent = true;
    setImmediate(() => t.mock.timers.tick(10_000));
    return 5;
  });
  assert.equal(result, 5);
  assert.deepEqual(warnings, [
    'error while unlocking: the storage does not answer; `holdfast unlock` removes the lock that may be left',
  ]);
});
