import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { createContext } from '../../kernel/context.ts';
import { toHex } from '../../kernel/hex.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import {
  addSnapshot,
  idsOf,
  smallRepository,
  testNode,
  writeSnapshot,
} from '../../testing/small-repository.ts';
import { fileName } from '../../vaults/repository/files.ts';
import { TreeEncoder } from '../../vaults/repository/format/tree.ts';
import { openRepository } from '../../vaults/repository/open.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { createBlobWriter } from '../../vaults/repository/writer.ts';
import type { CheckOptions } from './check.ts';
import { check } from './check.ts';
import { startCheckPool } from './pack-reading.ts';
import type { CheckPool } from './pack-reading.ts';

const context = createContext();
let pool: CheckPool;
test.before(() => (pool = startCheckPool()));
test.after(() => pool.close());

const all: CheckOptions = { readData: { kind: 'all' } };

/** Checks as another process would, and what was said: without progress. */
async function run(storage: Storage, options: CheckOptions = {}) {
  const repository = await openRepository(storage, Buffer.from('test'));
  const said: string[] = [];
  const report: CheckOptions['report'] = (message) => {
    if (message.kind === 'error' || message.kind === 'hint') said.push(message.text);
  };
  const result = await check(repository, { pool, report, ...options }, context);
  return { ...result, said };
}

async function setUp(): Promise<{ storage: Storage; repository: Repository; snapshots: string[] }> {
  const storage = createMemoryStorage();
  const repository = await smallRepository(storage);
  const folder = { etc: { hosts: 'localhost', empty: '' }, big: randomBytes(100_000).toString('hex') };
  const snapshots = [
    await addSnapshot(repository, folder),
    await addSnapshot(repository, { ...folder, more: 'more text' }, { time: '2024-06-01T12:00:00Z' }),
  ];
  return { storage, repository, snapshots };
}

/** Name of the pack that holds a blob. */
async function packWith(
  repository: Repository,
  type: 'data' | 'tree',
  text: string | Uint8Array,
): Promise<string> {
  const index = await repository.loadIndex();
  const entry = index.find(type, typeof text === 'string' ? sha256(Buffer.from(text)) : text);
  return toHex(index.packId(index.packOf(entry)));
}

test('a sound repository is sound, in structure and in data', async () => {
  const { storage } = await setUp();
  for (const options of [
    {},
    all,
    { readData: { kind: 'percent', percent: 30 } },
    { filter: { ids: ['latest'] }, ...all },
  ]) {
    const result = await run(storage, options as CheckOptions);
    assert.deepEqual(result.said, []);
    assert.equal(result.sound, true);
    assert.equal(result.errors, 0);
    assert.equal(result.suggestPrune || result.suggestRepairIndex, false);
  }
});

test('each pack is read once, whole', async () => {
  const { storage, repository } = await setUp();
  const reads: string[] = [];
  const counted: Storage = {
    ...storage,
    read(name, options) {
      if (name.startsWith('data/')) reads.push(`${name} ${options?.offset ?? 'whole'}`);
      return storage.read(name, options);
    },
  };
  await run(counted, all);
  const packs = await idsOf(repository, 'pack');
  assert.deepEqual(reads.sort(), packs.map((id) => `${fileName('pack', id)} whole`).sort());
});

test('a missing pack of data', async () => {
  const { storage, repository } = await setUp();
  const pack = await packWith(repository, 'data', 'more text');
  await repository.removeFile('pack', pack);
  const structure = await run(storage);
  assert.equal(structure.sound, false);
  assert.equal(structure.said[0], `pack ${pack}: does not exist`);
  assert.equal(structure.errors, 1);
  const data = await run(storage, all);
  assert.equal(data.errors, 2);
  assert.match(data.said[1]!, /^download error: /);
  assert.deepEqual(data.brokenPacks, []);
  const other = await run(storage, { filter: { ids: [(await idsOf(repository, 'snapshot'))[0]!] } });
  assert.equal(other.sound, false, 'packs are compared whatever snapshots are asked for');
});

test('a pack that was cut off', async () => {
  const { storage, repository } = await setUp();
  const pack = await packWith(repository, 'data', 'more text');
  const bytes = await storage.read(fileName('pack', pack));
  await storage.write(fileName('pack', pack), bytes.slice(0, bytes.length - 10));
  const result = await run(storage);
  assert.deepEqual(result.brokenPacks, [pack]);
  assert.equal(
    result.said[0],
    `pack ${pack}: unexpected file size: got ${bytes.length - 10}, expected ${bytes.length}`,
  );
  assert.match(result.said.at(-1)!, new RegExp(`holdfast repair packs ${pack}\n`));
  const data = await run(storage, all);
  assert.deepEqual(data.brokenPacks, [pack]);
  assert.match(data.said[1]!, new RegExp(`^pack ${pack} contains 1 errors: \\[unexpected pack id `));
});

test('a turned bit in a blob shows only when the data is read', async () => {
  const { storage, repository } = await setUp();
  const pack = await packWith(repository, 'data', 'localhost');
  const bytes = await storage.read(fileName('pack', pack));
  bytes[18]! ^= 1;
  await storage.write(fileName('pack', pack), bytes);
  assert.equal((await run(storage)).sound, true);
  const result = await run(storage, all);
  assert.deepEqual(result.brokenPacks, [pack]);
  assert.equal(result.errors, 1);
  assert.match(
    result.said[0]!,
    /^pack [0-9a-f]{64} contains 2 errors: \[blob [0-9a-f]{64}: the authentication code .* unexpected pack id/,
  );
});

test('a read that went wrong once is tried again, and told', async () => {
  const { storage, repository } = await setUp();
  const pack = await packWith(repository, 'data', 'localhost');
  let first = true;
  const flaky: Storage = {
    ...storage,
    async read(name, options) {
      const bytes = await storage.read(name, options);
      if (name.endsWith(pack) && first) {
        first = false;
        bytes[30]! ^= 1;
      }
      return bytes;
    },
  };
  const result = await run(flaky, all);
  assert.equal(result.sound, false);
  assert.deepEqual(result.brokenPacks, []);
  assert.match(result.said[0]!, /^check successful on second attempt, original error pack /);
});

test('a tree pack that is damaged or gone: the trees that snapshots need are named', async () => {
  const { storage, repository, snapshots } = await setUp();
  const root = Buffer.from((await repository.readSnapshot(snapshots[1]!)).tree, 'hex');
  const pack = await packWith(repository, 'tree', root);
  const bytes = await storage.read(fileName('pack', pack));
  const index = await repository.loadIndex();
  bytes[index.offsetOf(index.find('tree', root)) + 20]! ^= 1;
  await storage.write(fileName('pack', pack), bytes);
  const damaged = await run(storage);
  assert.deepEqual(damaged.said.slice(0, 2), [
    `error for tree ${toHex(root).slice(0, 8)}:`,
    `  reading the tree blob from pack ${pack} failed: the authentication code does not match: the data was altered or the key is another`,
  ]);
  const first = await run(storage, { filter: { ids: [snapshots[0]!] } });
  assert.equal(first.sound, true, 'the other snapshot does not need it');
  await repository.removeFile('pack', pack);
  const gone = await run(storage);
  assert.match(gone.said.join('\n'), /failed: the pack could not be read/);
});

test('trees that lead nowhere, and nodes that make no sense', async () => {
  const storage = createMemoryStorage();
  const repository = await smallRepository(storage);
  const writer = await createBlobWriter(repository, {}, context);
  const encoder = new TreeEncoder();
  const nowhere = new Uint8Array(32).fill(0xab);
  encoder.add(testNode('a-file', { content: nowhere }));
  encoder.add(testNode('b-file', { content: undefined }));
  encoder.add(testNode('c-dir', { type: 'dir', subtree: nowhere }));
  encoder.add(testNode('d-dir', { type: 'dir' }));
  encoder.add(testNode('e-fifo', { type: 'fifo' }));
  const { id } = await writer.put('tree', encoder.finish());
  await writer.finish();
  await writeSnapshot(repository, { tree: toHex(id) });
  await writeSnapshot(repository, { tree: 'cd'.repeat(32) });
  const result = await run(storage);
  const tree = `tree ${toHex(id)}`;
  const lines = result.said.join('\n');
  for (const line of [
    `  ${tree}: file "a-file" blob ${toHex(nowhere)} not found in index`,
    `  ${tree}: file "b-file" has nil blob list`,
    `  ${tree}: dir node "d-dir" has no subtree`,
    `error for tree abababab:\n  id ${toHex(nowhere)} not found in repository`,
    `error for tree cdcdcdcd:\n  id ${'cd'.repeat(32)} not found in repository`,
  ]) {
    assert.ok(lines.includes(line), `${line}\nin\n${lines}`);
  }
  assert.equal(result.errors, 5);
});

test('a tree that is damaged in one pack and whole in another is whole', async () => {
  const { storage, repository, snapshots } = await setUp();
  const root = Buffer.from((await repository.readSnapshot(snapshots[1]!)).tree, 'hex');
  const bytes = await repository.readBlob('tree', root);
  const pack = await packWith(repository, 'tree', root);
  const writer = await createBlobWriter(repository, {}, context);
  await writer.putAgain('tree', bytes);
  await writer.finish();
  const damaged = await storage.read(fileName('pack', pack));
  for (let i = 20; i < damaged.length - 100; i += 40) damaged[i]! ^= 1;
  await storage.write(fileName('pack', pack), damaged);
  const result = await run(storage);
  assert.ok(!result.said.some((line) => line.includes(toHex(root).slice(0, 8))), result.said.join('\n'));
});

test('packs in no index, in two indexes, and in indexes that differ', async () => {
  const { storage, repository } = await setUp();
  const [index] = await idsOf(repository, 'index');
  const json = JSON.parse(Buffer.from(await repository.readFile('index', index!)).toString());
  const copy = await repository.writeFile(
    'index',
    Buffer.from(JSON.stringify({ packs: json.packs.slice(0, 1) })),
  );
  const duplicate = await run(storage);
  assert.equal(duplicate.sound, true);
  assert.equal(duplicate.suggestRepairIndex, true);
  assert.match(duplicate.said[0]!, new RegExp(`^pack ${json.packs[0].id} contained in several indexes: \\{`));

  await repository.removeFile('index', copy);
  const odd = structuredClone(json.packs[0]);
  odd.blobs[0].length += 1;
  const differing = await repository.writeFile('index', Buffer.from(JSON.stringify({ packs: [odd] })));
  const differs = await run(storage);
  assert.equal(differs.sound, false);
  assert.match(differs.said[0]!, new RegExp(`^pack ${json.packs[0].id} has different data in indexes: `));
  assert.deepEqual(differs.brokenPacks, [json.packs[0].id]);

  await repository.removeFile('index', differing);
  await storage.write(fileName('pack', 'ab'.repeat(32)), Buffer.from('nobody knows me'));
  const orphan = await run(storage, all);
  assert.equal(orphan.sound, true);
  assert.equal(orphan.suggestPrune, true);
});

test('a damaged index file ends the check with what to do', async () => {
  const { storage, repository } = await setUp();
  const [index] = await idsOf(repository, 'index');
  await storage.write(fileName('index', index!), Buffer.from('rubbish'));
  const result = await run(storage, all);
  assert.equal(result.sound, false);
  assert.equal(result.suggestRepairIndex, true);
  assert.match(result.said[0]!, new RegExp(`^error: error loading index ${index}: `));
});

test('an index whose header disagrees with the pack, and one with a wrong length', async () => {
  const { storage, repository } = await setUp();
  for (const change of [
    (blob: { uncompressed_length?: number }) => (blob.uncompressed_length! += 1),
    (blob: { offset: number }) => (blob.offset += 1),
  ]) {
    const [index] = await idsOf(repository, 'index');
    const original = await repository.readFile('index', index!);
    const json = JSON.parse(Buffer.from(original).toString());
    const pack = json.packs.find((one: { blobs: { uncompressed_length?: number }[] }) =>
      one.blobs.some((blob) => blob.uncompressed_length !== undefined),
    );
    change(
      pack.blobs.find((blob: { uncompressed_length?: number }) => blob.uncompressed_length !== undefined),
    );
    await repository.removeFile('index', index!);
    const changed = await repository.writeFile('index', Buffer.from(JSON.stringify(json)));
    const result = await run(storage, all);
    assert.equal(result.sound, false);
    assert.deepEqual(result.brokenPacks, [pack.id]);
    await repository.removeFile('index', changed);
    await repository.writeFile('index', original);
  }
});

test('a damaged snapshot is named', async () => {
  const { storage, snapshots } = await setUp();
  await storage.write(fileName('snapshot', snapshots[0]!), Buffer.from('rubbish'));
  const result = await run(storage);
  assert.equal(result.sound, false);
  assert.deepEqual(result.brokenSnapshots, [snapshots[0]]);
  assert.match(result.said[0]!, new RegExp(`^snapshot error ${snapshots[0]}: `));
});

test('an interruption ends it', async () => {
  const { storage } = await setUp();
  const repository = await openRepository(storage, Buffer.from('test'));
  const stopped = createContext({ signal: AbortSignal.abort() });
  await assert.rejects(check(repository, { pool, ...all }, stopped), { code: 'interrupted' });
});
