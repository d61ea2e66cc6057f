import assert from 'node:assert/strict';
import test from 'node:test';
import { createContext } from '../kernel/context.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { idsOf, smallRepository } from '../testing/small-repository.ts';
import { writeLock } from '../vaults/repository/lock-acquire.ts';
import { thisHost } from '../vaults/repository/lock-holder.ts';
import { unlock } from './unlock.ts';

test('stale locks go, others stay unless all are to go', async () => {
  const clock = createFakeClock();
  const context = createContext({ clock });
  const repository = await smallRepository();
  const host = { ...thisHost, hostname: 'here', pid: 1, isRunning: (pid: number) => pid < 100 };
  await writeLock(repository, true, { ...host, pid: 200 }, clock.now());
  await writeLock(repository, false, { ...host, hostname: 'there' }, clock.now() - 31 * 60_000);
  const alive = await writeLock(repository, false, { ...host, pid: 50 }, clock.now());
  const away = await writeLock(repository, false, { ...host, hostname: 'there', pid: 200 }, clock.now());
  const rubbish = 'ab'.repeat(32);
  await repository.storage.write(`locks/${rubbish}`, Buffer.from('x'));

  assert.equal(await unlock(repository, { host }, context), 2);
  assert.deepEqual(await idsOf(repository, 'lock'), [alive, away, rubbish].sort());
  assert.equal(await unlock(repository, { host, all: true }, context), 3);
  assert.deepEqual(await idsOf(repository, 'lock'), []);
});
