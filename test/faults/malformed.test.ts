/**
 * Repositories whose files are sealed well and make no sense, as a faulty program or somebody with the password writes
 * them. Every verb ends, with an error of ours that names what is wrong, and nothing false is restored as true.
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Context, createContext } from '../../src/kernel/context.ts';
import { HoldfastError } from '../../src/kernel/errors.ts';
import { toHex } from '../../src/kernel/hex.ts';
import { copy } from '../../src/operations/copy.ts';
import { diff } from '../../src/operations/diff.ts';
import { find } from '../../src/operations/find.ts';
import { ls } from '../../src/operations/ls.ts';
import { performPrune, planPrune } from '../../src/operations/prune.ts';
import { repairIndex } from '../../src/operations/repair-index.ts';
import { repairSnapshots } from '../../src/operations/repair-snapshots.ts';
import { restore } from '../../src/operations/restore/restore.ts';
import { rewrite } from '../../src/operations/rewrite.ts';
import { stats } from '../../src/operations/stats.ts';
import { createMemoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { contentsOf } from '../../src/testing/recording-storage.ts';
import {
  addSnapshot,
  idsOf,
  smallRepository,
  testNode,
  treeOf,
  writeSnapshot,
} from '../../src/testing/small-repository.ts';
import { goMode } from '../../src/vaults/repository/format/go-mode.ts';
import { TreeEncoder } from '../../src/vaults/repository/format/tree.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { createBlobWriter } from '../../src/vaults/repository/writer.ts';
import { damaged } from '../fuzz/damage.ts';
import { checkErrors, openAgain } from '../support/engine.ts';
import { tempFolder } from '../support/temp.ts';

const context: Context = createContext();
const patterns = { excludes: ['*.log'], insensitiveExcludes: [], includes: [], insensitiveIncludes: [] };

type Verb = (repository: Repository, t: TestContext) => Promise<unknown>;

/** What a user may do to a repository; each on a copy of its own. */
const verbs: Record<string, Verb> = {
  check: (repository) => checkErrors(repository),
  ls: (repository) => ls(repository, { snapshot: 'latest', onEntry() {} }, context),
  find: (repository) => find(repository, { patterns: ['a*'], filter: {} }, context),
  stats: (repository) => stats(repository, { filter: {}, mode: 'raw-data' }, context),
  restore: (repository, t) =>
    restore(repository, { snapshot: 'latest', target: tempFolder(t, 'holdfast-malformed') }, context),
  diff: async (repository) => {
    const trees: Uint8Array[] = [];
    for await (const { id } of repository.snapshots()) trees.push(await treeOf(repository, id));
    await diff(repository, { from: trees[0]!, to: trees.at(-1)!, onChange() {} }, context);
  },
  prune: async (repository) =>
    performPrune(repository, await planPrune(repository, { maxUnused: { bytes: 0 } }, context), context),
  rewrite: (repository) => rewrite(repository, { filter: {}, patterns, forget: true }, context),
  copy: async (repository) => copy(repository, await smallRepository(), { filter: {} }, context),
  'repair index': (repository) => repairIndex(repository, {}, context),
  'repair snapshots': (repository) => repairSnapshots(repository, { filter: {}, forget: true }, context),
};

async function copyOf(storage: Storage): Promise<Storage> {
  const copied = createMemoryStorage();
  for (const [name, bytes] of await contentsOf(storage)) await copied.write(name, bytes);
  return copied;
}

/** Runs every verb on a copy; errors of ours are fine, all else is a crash. Answers with what check said. */
async function runAll(t: TestContext, storage: Storage, what: string): Promise<void> {
  for (const [name, verb] of Object.entries(verbs)) {
    try {
      await verb(await openAgain(await copyOf(storage)), t);
    } catch (error) {
      if (!(error instanceof HoldfastError))
        assert.fail(`${name} on ${what}: ${String((error as Error).stack)}`);
      assert.doesNotMatch(
        error.message,
        /RangeError|TypeError|undefined|Maximum call stack/,
        `${name} on ${what}`,
      );
    }
  }
}

/** Puts another content into the place of a sealed file; the new file's id. */
async function replace(
  repository: Repository,
  kind: 'index' | 'snapshot',
  change: (json: Buffer) => Uint8Array,
): Promise<string> {
  const [id = ''] = await idsOf(repository, kind);
  const json = change(Buffer.from(await repository.readFile(kind, id)));
  await repository.removeFile(kind, id);
  return repository.writeFile(kind, json);
}

const folder = {
  a: ['one', 'two'],
  b: 'three',
  'b.log': 'log',
  sub: { c: 'four', d: ['one', 'x'.repeat(5_000)] },
};

interface IndexJson {
  packs: { id: string; blobs: Record<string, unknown>[] }[];
}

const indexLies: Record<string, (index: IndexJson) => void> = {
  'a blob that is said to be larger': (index) =>
    dataBlobs(index).forEach((blob) => (blob['uncompressed_length'] = 9_999)),
  'a blob of four gigabytes': (index) =>
    dataBlobs(index).forEach((blob) => (blob['uncompressed_length'] = 4_294_967_295)),
  'a blob that is said not to be compressed': (index) =>
    dataBlobs(index).forEach((blob) => delete blob['uncompressed_length']),
  'an offset behind the end': (index) => dataBlobs(index).forEach((blob) => (blob['offset'] = 1_000_000)),
  'an offset that no pack has': (index) => dataBlobs(index).forEach((blob) => (blob['offset'] = 2 ** 52)),
  'lengths of zero': (index) => dataBlobs(index).forEach((blob) => (blob['length'] = 0)),
  'lengths of four gigabytes': (index) =>
    dataBlobs(index).forEach((blob) => (blob['length'] = 4_294_967_295)),
  'ids that are exchanged': (index) => {
    const blobs = dataBlobs(index);
    [blobs[0]!['id'], blobs[1]!['id']] = [blobs[1]!['id'], blobs[0]!['id']];
  },
  'data that is said to be a tree': (index) => dataBlobs(index).forEach((blob) => (blob['type'] = 'tree')),
  'a pack that is not there': (index) => index.packs.forEach((pack) => (pack.id = 'ab'.repeat(32))),
  'no packs': (index) => (index.packs.length = 0),
};

const dataBlobs = (index: IndexJson): Record<string, unknown>[] =>
  index.packs.flatMap(({ blobs }) => blobs).filter((blob) => blob['type'] === 'data');

for (const [what, lie] of Object.entries(indexLies)) {
  test(`an index with ${what}`, async (t) => {
    const storage = createMemoryStorage();
    const repository = await smallRepository(storage);
    await addSnapshot(repository, folder);
    await replace(repository, 'index', (json) => {
      const index = JSON.parse(json.toString()) as IndexJson;
      lie(index);
      return Buffer.from(JSON.stringify(index));
    });
    assert.notDeepEqual(await checkErrors(await openAgain(storage)), [], 'check finds it');
    await assertNothingFalse(t, storage);
    await runAll(t, storage, what);
  });
}

/** What is restored in full has the right bytes. */
async function assertNothingFalse(t: TestContext, storage: Storage): Promise<void> {
  const target = tempFolder(t, 'holdfast-malformed');
  let errors = 0;
  try {
    ({ errors } = await restore(await openAgain(storage), { snapshot: 'latest', target }, context));
  } catch (error) {
    assert.ok(error instanceof HoldfastError, String((error as Error).stack));
    return;
  }
  if (errors > 0) return;
  const sound = {
    a: 'onetwo',
    b: 'three',
    'b.log': 'log',
    'sub/c': 'four',
    'sub/d': `one${'x'.repeat(5_000)}`,
  };
  for (const [name, content] of Object.entries(sound)) {
    assert.equal(readFileSync(join(target, name), 'utf8'), content, `${name} was restored without a word`);
  }
}

test('indexes and snapshots that are damaged at random and sealed again', { timeout: 120_000 }, async (t) => {
  const storage = createMemoryStorage();
  const made = await smallRepository(storage);
  await addSnapshot(made, folder);
  await addSnapshot(made, { ...folder, e: 'five' });
  for (const kind of ['index', 'snapshot'] as const) {
    const [first = ''] = await idsOf(made, kind);
    const sound = await made.readFile(kind, first);
    const samples = fc.sample(damaged([sound]), { seed: 7, numRuns: 8 });
    for (const [i, bytes] of samples.entries()) {
      const copied = await copyOf(storage);
      await replace(await openAgain(copied), kind, () => bytes);
      await runAll(t, copied, `${kind} ${i}: ${JSON.stringify(bytes.toString('latin1'))}`);
    }
  }
});

test('trees that are damaged at random and stored as they are', { timeout: 120_000 }, async (t) => {
  const storage = createMemoryStorage();
  const made = await smallRepository(storage);
  const snapshot = await addSnapshot(made, folder);
  const sound = await made.readBlob('tree', await treeOf(made, snapshot));
  for (const [i, bytes] of fc.sample(damaged([sound]), { seed: 11, numRuns: 10 }).entries()) {
    const copied = await copyOf(storage);
    const repository = await openAgain(copied);
    const writer = await createBlobWriter(repository, {}, context);
    const { id } = await writer.put('tree', bytes);
    await writer.finish();
    await writeSnapshot(repository, { tree: toHex(id), time: '2030-01-01T00:00:00Z' });
    await runAll(t, copied, `tree ${i}: ${JSON.stringify(bytes.toString('latin1'))}`);
  }
});

test('folders in folders, two thousand deep', { timeout: 60_000 }, async (t) => {
  const storage = createMemoryStorage();
  const repository = await smallRepository(storage);
  const writer = await createBlobWriter(repository, {}, context);
  const encoder = new TreeEncoder();
  let tree = (await writer.put('tree', encoder.finish())).id;
  for (let depth = 0; depth < 2_000; depth++) {
    encoder.add(testNode('deep', { type: 'dir', mode: (goMode.dir | 0o755) >>> 0, subtree: tree, links: 0 }));
    tree = (await writer.put('tree', encoder.finish())).id;
  }
  await writer.finish();
  await writeSnapshot(repository, { tree: toHex(tree) });
  assert.deepEqual(await checkErrors(await openAgain(storage)), []);
  await runAll(t, storage, 'a deep tree');
});
