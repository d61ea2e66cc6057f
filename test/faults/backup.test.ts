/**
 * A backup is cut off after each of its changes to the storage: what was committed stays whole, a snapshot is there
 * with everything or not at all, and the next run comes to its end, using what the first one stored.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { hasCode } from '../../src/kernel/errors.ts';
import type { BackupResult } from '../../src/operations/backup/backup.ts';
import { createMemoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { contentsOf, createDyingStorage, recordStorage } from '../../src/testing/recording-storage.ts';
import { initRepository } from '../../src/vaults/repository/init.ts';
import { backUp, checkErrors, makeRepository, openAgain, password } from '../support/engine.ts';
import { restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { seededBytes } from '../support/tree.ts';
import { findTool } from '../support/tools.ts';

/** So small that a backup of little is many packs. */
const packSize = 128 * 1024;

/** A folder of some hundred kilobytes, in the working directory as `tree`. */
function makeSource(t: TestContext): void {
  const folder = tempFolder(t);
  const before = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(before));
  for (let i = 0; i < 6; i++) {
    mkdirSync(join('tree', `d${i}`, 'e'), { recursive: true });
    writeFileSync(join('tree', `d${i}`, 'random'), seededBytes(180_000, i + 1));
    writeFileSync(join('tree', `d${i}`, 'e', 'text'), `text ${i}`);
  }
}

function changeSource(): void {
  for (let i = 0; i < 6; i += 2) appendFileSync(join('tree', `d${i}`, 'random'), seededBytes(90_000, 50 + i));
  rmSync(join('tree', 'd3'), { recursive: true });
  writeFileSync(join('tree', 'd1', 'e', 'more'), 'more');
}

/** Lets other calls overtake each change, as they do on a network; how far is decided by a seed. */
function reordering(storage: Storage, seed: number): Storage {
  let state = seed;
  const wait = async (): Promise<void> => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    for (let turns = (state >>> 16) % 40; turns > 0; turns--) await turn();
  };
  return {
    ...storage,
    async write(name, body, how) {
      const bytes = Buffer.concat(await Array.fromAsync(pieces(body), (piece) => piece.slice()));
      await wait();
      await storage.write(name, bytes, how);
    },
    async remove(name, how) {
      await wait();
      await storage.remove(name, how);
    },
  };
}

const pieces = (body: Parameters<Storage['write']>[1]): Iterable<Uint8Array> | AsyncIterable<Uint8Array> =>
  body instanceof Uint8Array ? [body] : body;

const run = async (storage: Storage): Promise<BackupResult> =>
  backUp(await openAgain(storage), ['tree'], { packSize, workers: 2, hostname: 'here' });

/** The snapshots of a storage, every byte of which is read; fails where anything is wrong. */
async function soundSnapshots(storage: Storage, when: string): Promise<{ id: string; tree: string }[]> {
  const repository = await openAgain(storage);
  assert.deepEqual(await checkErrors(repository), [], when);
  const found: { id: string; tree: string }[] = [];
  for await (const { id, snapshot } of repository.snapshots()) found.push({ id, tree: snapshot.tree });
  return found;
}

for (const seed of [1, 2]) {
  test(`kill -9 after any change of a second backup (order ${seed})`, async (t) => {
    makeSource(t);
    const inner = createMemoryStorage();
    await makeRepository(inner);
    const first = await run(inner);
    changeSource();
    const recorded = await recordStorage(reordering(inner, seed));
    const whole = await run(recorded);
    const tree = (await soundSnapshots(inner, 'at the end')).find(({ id }) => id === whole.id)!.tree;
    const { operations } = recorded;
    const kinds = operations.map(({ kind, name }) => `${kind} ${name.split('/')[0]}`);
    assert.ok(kinds.filter((kind) => kind === 'write data').length >= 4, kinds.join(', '));
    assert.deepEqual(
      kinds.filter((kind) => kind !== 'write data' && kind !== 'write index'),
      ['write locks', 'write snapshots', 'remove locks'],
      'the snapshot is written last, and nothing is removed',
    );

    const oracle = findTool('restic') !== undefined;
    // the first order is gone through change by change, the others in steps
    for (let cut = 0; cut <= operations.length; cut += seed === 1 ? 1 : 3) {
      const when = `after ${cut} of ${operations.length} changes`;
      const left = await recorded.replay(cut);
      const committed = await soundSnapshots(left, when);
      const finished = operations.slice(0, cut).some(({ name }) => name.startsWith('snapshots/'));
      assert.deepEqual(
        committed.map(({ id }) => id).sort(),
        [first.id!, ...(finished ? [whole.id!] : [])].sort(),
        when,
      );
      if (oracle && cut % 6 === 4) await resticFindsItSound(t, left);
      const next = await run(left);
      assert.equal((await (await openAgain(left)).readSnapshot(next.id!)).tree, tree, when);
      if (cut % 4 === 0) await soundSnapshots(left, `${when}, and the next run`);
      const indexed = operations.slice(0, cut).some(({ name }) => name.startsWith('index/'));
      if (indexed) assert.ok(next.summary.dataAdded < whole.summary.dataAdded, `${when}: nothing was reused`);
    }
  });
}

async function resticFindsItSound(t: TestContext, storage: Storage): Promise<void> {
  const folder = tempFolder(t);
  for (const [name, bytes] of await contentsOf(storage)) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  await restic({ repository: folder, password }).run(['check', '--read-data', '--no-lock']);
}

test('a storage that dies at any change of a first backup ends it with an error, and the next run succeeds', async (t) => {
  makeSource(t);
  const model = await recordStorage();
  await makeRepository(model);
  const operations = model.operations.length;
  await run(model);
  const changes = model.operations.length - operations;
  for (let dieAt = 0; dieAt < changes; dieAt += 2) {
    const when = `dies at change ${dieAt} of ${changes}`;
    const inner = await model.replay(operations);
    // opened before, so that the lock is the first change
    const outcome = await run(createDyingStorage(inner, dieAt)).then(
      () => undefined,
      (error: unknown) => error,
    );
    // what may fail is the removal of the lock alone; how many packs came before it depends on who was faster
    const committed = await soundSnapshots(inner, when);
    if (committed.length === 0) assert.ok(hasCode(outcome, 'failed'), `${when}: ${String(outcome)}`);
    else assert.ok(dieAt >= changes - 3, when);
    await run(inner);
    assert.equal((await soundSnapshots(inner, when)).length, committed.length + 1, when);
  }
});

test('kill -9 after any change of init leaves nothing, a key without a repository that init names, or a repository', async () => {
  const make = (storage: Storage) =>
    initRepository(storage, Buffer.from(password), { cost: 'random-key', chunker: 'rabin' });
  const recorded = await recordStorage();
  await make(recorded);
  for (let cut = 0; cut <= recorded.operations.length; cut++) {
    const left = await recorded.replay(cut);
    const there = (await contentsOf(left)).has('config');
    if (there) await openAgain(left);
    else if (cut === 0) await make(left);
    else await assert.rejects(make(left), { code: 'exists', message: /keys/ });
  }
});
