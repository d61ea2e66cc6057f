/** Storages that fail now and then, lose answers, break streams off and turn bits: nothing is lost, and damage is named. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Context, createContext } from '../../src/kernel/context.ts';
import { hasCode } from '../../src/kernel/errors.ts';
import { toHex } from '../../src/kernel/hex.ts';
import { performForget, planForget } from '../../src/operations/forget.ts';
import { performPrune, planPrune } from '../../src/operations/prune.ts';
import { restore } from '../../src/operations/restore/restore.ts';
import { createMemoryStorage } from '../../src/storage/memory.ts';
import { createAttempt, withRetry } from '../../src/storage/retry.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { createFakeClock } from '../../src/testing/fake-clock.ts';
import { createFaultyStorage } from '../../src/testing/faulty-storage.ts';
import { contentsOf } from '../../src/testing/recording-storage.ts';
import { fileName } from '../../src/vaults/repository/files.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { backUp, checkErrors, makeRepository, openAgain } from '../support/engine.ts';
import { tempFolder } from '../support/temp.ts';
import { compareTrees, seededBytes } from '../support/tree.ts';

const packSize = 256 * 1024;

/** A folder to work in, with some hundred kilobytes in `tree`. */
function makeSource(t: TestContext): void {
  const folder = tempFolder(t);
  const before = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(before));
  for (let i = 0; i < 5; i++) {
    mkdirSync(join('tree', `d${i}`), { recursive: true });
    writeFileSync(join('tree', `d${i}`, 'random'), seededBytes(200_000, i + 1));
    for (let j = 0; j < 10; j++)
      writeFileSync(join('tree', `d${i}`, `small ${j}`), `${i} ${j}\n`.repeat(j * 50));
  }
}

/** The storage with faults in it, and retries around it that wait no time. */
function unsteady(inner: Storage, seed: number): { storage: Storage; failures: () => number } {
  const clock = createFakeClock();
  let failures = 0;
  const calls = createFaultyStorage(inner, { seed, failures: 0.2, lostAnswers: 0.1 });
  const faulty = createFaultyStorage(calls, {
    seed: seed + 1,
    cuts: 0.2,
    match: (name) => !name.endsWith('/'),
  });
  const attempt = createAttempt({
    clock,
    random: () => 0.5,
    patience: Number.POSITIVE_INFINITY,
    firstPatience: Number.POSITIVE_INFINITY,
    onRetry: () => void failures++,
  });
  return { storage: withRetry(faulty, attempt), failures: () => failures };
}

async function restored(t: TestContext, repository: Repository, context: Context): Promise<string[]> {
  const target = tempFolder(t, 'holdfast-restored');
  const result = await restore(repository, { snapshot: 'latest', target, verify: true }, context);
  assert.equal(result.errors, 0);
  return compareTrees('tree', join(target, 'tree'));
}

for (const seed of [11, 12, 13]) {
  test(`every verb comes to its end when a fifth of all calls fails (seed ${seed})`, async (t) => {
    makeSource(t);
    const inner = createMemoryStorage();
    const { storage, failures } = unsteady(inner, seed);
    const context = createContext();
    await using repository = await makeRepository(storage);
    assert.equal((await backUp(repository, ['tree'], { packSize, workers: 2 })).errors, 0);
    rmSync(join('tree', 'd3'), { recursive: true });
    writeFileSync(join('tree', 'd2', 'more'), seededBytes(300_000, 99));
    repository.forgetIndex();
    const second = await backUp(repository, ['tree'], { packSize, workers: 2 });
    assert.equal(second.summary.filesNew, 1);

    const again = await openAgain(storage);
    const plan = await planForget(again, { filter: {}, policy: { last: 1 } }, context);
    const { removed, failed } = await performForget(again, plan, context);
    assert.deepEqual([removed.length, failed.length], [1, 0]);
    const prune = await planPrune(again, { maxUnused: { bytes: 0 } }, context);
    await performPrune(again, prune, context);
    assert.ok(prune.repackPacks.length + prune.removePacks.length > 0);

    const last = await openAgain(storage);
    assert.deepEqual(await checkErrors(last), []);
    assert.deepEqual(await restored(t, last, context), []);
    // what lies there is sound by itself, not thanks to retries
    assert.deepEqual(await checkErrors(await openAgain(inner)), []);
    assert.ok(failures() > 3, `${failures()} failures are too few to prove anything`);
  });
}

test('without retries, whatever fails ends in an error of the storage, and loses no snapshot', async (t) => {
  makeSource(t);
  const inner = createMemoryStorage();
  const first = await backUp(await makeRepository(inner), ['tree'], { packSize, workers: 2 });
  let failed = 0;
  for (let seed = 0; seed < 12; seed++) {
    writeFileSync(join('tree', 'd1', 'random'), seededBytes(200_000, 100 + seed));
    const storage = createFaultyStorage(inner, { seed, failures: 0.05, lostAnswers: 0.05, cuts: 0.05 });
    try {
      const repository = await openAgain(storage);
      await backUp(repository, ['tree'], { packSize, workers: 2 });
    } catch (error) {
      assert.ok(hasCode(error, 'unreachable'), String(error));
      failed++;
    }
  }
  assert.ok(failed > 2, `only ${failed} failed`);
  const sound = await openAgain(inner);
  assert.deepEqual(await checkErrors(sound), []);
  assert.ok(await sound.readSnapshot(first.id!));
});

test('a bit that turns on the way is found by check, in any file, and never restored', async (t) => {
  makeSource(t);
  const inner = createMemoryStorage();
  const made = await makeRepository(inner);
  await backUp(made, ['tree'], { packSize, workers: 2 });
  const index = await made.loadIndex();
  const dataPacks = new Set<string>();
  index.forEachEntry((entry) => {
    if (index.typeOf(entry) === 'data')
      dataPacks.add(fileName('pack', toHex(index.packId(index.packOf(entry)))));
  });
  for (const bad of (await contentsOf(inner)).keys()) {
    const turning = createFaultyStorage(inner, { seed: 1, flips: 1, match: (name) => name === bad });
    if (bad === 'config' || bad.startsWith('keys/')) {
      await assert.rejects(openAgain(turning), { code: 'corrupt' }, bad);
      continue;
    }
    const repository = await openAgain(turning);
    const errors = await checkErrors(repository);
    const id = bad.slice(bad.lastIndexOf('/') + 1);
    assert.ok(
      errors.some((error) => error.includes(id.slice(0, 8))),
      `${bad} is not named: ${errors.join('\n')}`,
    );
    if (!dataPacks.has(bad)) continue;
    const target = tempFolder(t, 'holdfast-restored');
    const reported: string[] = [];
    const result = await restore(
      repository,
      { snapshot: 'latest', target, report: (event) => void reported.push(event.kind) },
      createContext(),
    );
    assert.ok(result.errors > 0, `restored from ${bad} without a word`);
    assert.ok(reported.includes('problem'));
    for (const difference of compareTrees('tree', join(target, 'tree'))) {
      assert.doesNotMatch(difference, /content differs/, 'wrong bytes were restored');
    }
  }
});

test('a fault that passes is no damage: what is read wrong once is read again', async (t) => {
  makeSource(t);
  const inner = createMemoryStorage();
  await backUp(await makeRepository(inner), ['tree'], { packSize, workers: 2 });
  for (const kind of ['snapshots/', 'index/']) {
    let left = 1;
    const once: Storage = {
      ...inner,
      async read(name, how) {
        const bytes = await inner.read(name, how);
        if (name.startsWith(kind) && left-- > 0) bytes[10]! ^= 1;
        return bytes;
      },
    };
    assert.deepEqual(await restored(t, await openAgain(once), createContext()), []);
    assert.ok(left <= 0);
  }
});
