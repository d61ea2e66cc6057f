import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { createContext } from '../../kernel/context.ts';
import { toHex } from '../../kernel/hex.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { idsOf, smallRepository, testNode, writeTree } from '../../testing/small-repository.ts';
import { fileName } from './files.ts';
import { TreeEncoder } from './format/tree.ts';
import { openRepository } from './open.ts';
import type { Repository } from './repository.ts';
import { createBlobWriter } from './writer.ts';

const context = createContext();

/** The repository as another process sees it. */
function reopened(repository: Repository): Promise<Repository> {
  return openRepository(repository.storage, Buffer.from('test'));
}

/** Turns one bit of a blob in its pack. */
async function damage(repository: Repository, type: 'data' | 'tree', id: Uint8Array): Promise<void> {
  const index = await repository.loadIndex();
  const entry = index.find(type, id);
  const name = fileName('pack', toHex(index.packId(index.packOf(entry))));
  const bytes = await repository.storage.read(name);
  bytes[index.offsetOf(entry) + 20]! ^= 4;
  await repository.storage.write(name, bytes);
}

test('blobs of every kind and size come back, in both versions', async () => {
  for (const version of [1, 2] as const) {
    const repository = await smallRepository(createMemoryStorage(), { version });
    const writer = await createBlobWriter(repository, {}, context);
    const blobs = [Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(300_000, 'ab'), randomBytes(1_500_000)];
    const ids = [];
    for (const blob of blobs) ids.push((await writer.put('data', blob)).id);
    assert.equal((await writer.put('data', blobs[1]!)).stored, false, 'known already');
    assert.equal((await writer.put('tree', blobs[1]!)).stored, true, 'trees are another kind');
    const { packs, indexes, stats } = await writer.finish();
    assert.equal(packs.length, 2);
    assert.equal(indexes.length, 1);
    assert.equal(stats.dataBlobs, 4);
    for (const seen of [repository, await reopened(repository)]) {
      for (const [i, id] of ids.entries()) {
        assert.deepEqual(Buffer.from(id), Buffer.from(sha256(blobs[i]!)));
        assert.equal(Buffer.compare(await seen.readBlob('data', id), blobs[i]!), 0);
      }
    }
  }
});

test('packs end at their size, and what was stored once is not stored again', async () => {
  const repository = await smallRepository();
  const packSize = 4 * 1024 * 1024;
  const writer = await createBlobWriter(repository, { packSize }, context);
  const blobs = Array.from({ length: 12 }, () => randomBytes(1024 * 1024));
  for (const blob of blobs) await writer.put('data', blob);
  const { packs } = await writer.finish();
  assert.equal(packs.length, 3);
  for await (const { size } of repository.list('pack')) assert.ok(size >= packSize && size < 2 * packSize);
  const again = await createBlobWriter(await reopened(repository), { packSize }, context);
  for (const blob of blobs) assert.equal((await again.put('data', blob)).stored, false);
  assert.deepEqual(await again.finish().then(({ packs: none, indexes }) => [none, indexes]), [[], []]);
});

test('a damaged blob is named, and taken from another pack where there is one', async () => {
  const repository = await smallRepository();
  const text = Buffer.alloc(50_000, 'some text ');
  const first = await createBlobWriter(repository, {}, context);
  const { id } = await first.put('data', text);
  await first.finish();
  await damage(repository, 'data', id);
  await assert.rejects(repository.readBlob('data', id), {
    code: 'corrupt',
    message: new RegExp(
      `^the data blob ${toHex(id)} in pack [0-9a-f]{64} cannot be read: the authentication code`,
    ),
  });
  const second = await createBlobWriter(repository, {}, context);
  assert.equal((await second.putAgain('data', text)).stored, true);
  await second.finish();
  const fresh = await reopened(repository);
  assert.equal((await idsOf(fresh, 'pack')).length, 2);
  assert.equal(Buffer.compare(await fresh.readBlob('data', id), text), 0);
});

test('a stored form moves to another pack without being compressed again', async () => {
  const source = await smallRepository();
  const text = Buffer.alloc(50_000, 'some text ');
  const from = await createBlobWriter(source, {}, context);
  const { id } = await from.put('data', text);
  await from.finish();
  const index = await source.loadIndex();
  const entry = index.find('data', id);
  const { open } = await import('./format/seal.ts');
  const pack = fileName('pack', toHex(index.packId(index.packOf(entry))));
  const sealed = await source.storage.read(pack, {
    offset: index.offsetOf(entry),
    length: index.lengthOf(entry),
  });
  const stored = open(source.key, sealed);

  const target = await smallRepository();
  const to = await createBlobWriter(target, {}, context);
  assert.equal(await to.putStored('data', id, stored, text.length), true);
  assert.equal(await to.putStored('data', id, stored, text.length), false);
  await to.finish();
  assert.equal(Buffer.compare(await (await reopened(target)).readBlob('data', id), text), 0);
});

test('a wrong length in the index is found out', async () => {
  const repository = await smallRepository();
  const text = Buffer.alloc(10_000, 'x');
  const writer = await createBlobWriter(repository, {}, context);
  const { id } = await writer.put('data', text);
  const { indexes, packs } = await writer.finish();
  const json = JSON.parse(Buffer.from(await repository.readFile('index', indexes[0]!)).toString());
  assert.equal(json.packs[0].id, packs[0]);
  json.packs[0].blobs[0].uncompressed_length = 9_999;
  await repository.removeFile('index', indexes[0]!);
  await repository.writeFile('index', Buffer.from(JSON.stringify(json)));
  const wrong = (await reopened(repository)).readBlob('data', id);
  await assert.rejects(wrong, {
    code: 'corrupt',
    message: /10000 bytes uncompressed, and the index states 9999/,
  });
});

test('an upload that fails ends the writing, and no index names the pack', async () => {
  const memory = createMemoryStorage();
  const repository = await smallRepository({
    ...memory,
    write(name, body, options) {
      if (name.startsWith('data/')) throw new Error('disk full');
      return memory.write(name, body, options);
    },
  });
  const writer = await createBlobWriter(repository, { packSize: 4 * 1024 * 1024 }, context);
  await writer.put('data', Buffer.from('x'));
  await assert.rejects(writer.finish(), /disk full/);
  assert.deepEqual(await idsOf(repository, 'index'), []);
});

test('trees are read whole and as a stream, from few reads', async () => {
  const memory = createMemoryStorage();
  const reads: string[] = [];
  const repository = await smallRepository({
    ...memory,
    read(name, options) {
      reads.push(name);
      return memory.read(name, options);
    },
  });
  const writer = await createBlobWriter(repository, {}, context);
  const folders: Uint8Array[] = [];
  for (let i = 0; i < 50; i++) folders.push(await writeTree(writer, { [`file-${i}`]: `content ${i}` }));
  const encoder = new TreeEncoder();
  for (let i = 0; i < 20_000; i++)
    encoder.add(testNode(`n${String(i).padStart(6, '0')}`, { content: new Uint8Array(0) }));
  const large = (await writer.put('tree', encoder.finish())).id;
  await writer.finish();

  const seen = await reopened(repository);
  await seen.loadIndex();
  reads.length = 0;
  for (const [i, id] of folders.entries()) {
    const nodes = await seen.readTree(id);
    assert.deepEqual(
      nodes.map(({ name }) => Buffer.from(name).toString()),
      [`file-${i}`],
    );
  }
  assert.equal(reads.length, 1, 'neighbours come with one read');
  let count = 0;
  for await (const node of seen.streamTree(large)) {
    assert.equal(Buffer.from(node.name).toString(), `n${String(count).padStart(6, '0')}`);
    count++;
  }
  assert.equal(count, 20_000);
  assert.equal((await seen.readTree(large)).length, 20_000);
  await damage(repository, 'tree', large);
  const fresh = await reopened(repository);
  await assert.rejects(fresh.readTree(large), { code: 'corrupt' });
  await assert.rejects(fresh.streamTree(large)[Symbol.asyncIterator]().next(), { code: 'corrupt' });
});

test('what is in no index is not found', async () => {
  const repository = await smallRepository();
  const id = sha256(Buffer.from('nothing'));
  await assert.rejects(repository.readBlob('data', id), { code: 'not-found', message: /is in no index/ });
});
