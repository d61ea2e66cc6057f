import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../kernel/hex.ts';
import { ByteWriter } from '../../kernel/bytes.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { idsOf, smallRepository } from '../../testing/small-repository.ts';
import { writeHeaderEntry } from '../../vaults/repository/format/pack.ts';
import type { FinishedPack } from '../../vaults/repository/worker/packer.ts';
import { createPackSink } from './pack-sink.ts';

/** A repository whose packs are stored when the test lets them; the first that is refused fails. */
async function setUp() {
  const memory = createMemoryStorage();
  const gate = Promise.withResolvers<void>();
  const storage: Storage = {
    ...memory,
    async write(name, body, how) {
      if (name.startsWith('data/')) await gate.promise;
      if (name.startsWith('data/00')) throw new Error('refused');
      await memory.write(name, body, how);
    },
  };
  const repository = await smallRepository(storage);
  const index = await repository.loadIndex();
  const sink = createPackSink(repository, index, new AbortController().signal);
  return { repository, sink, open: gate.resolve };
}

function packOf(text: string, id = sha256(Buffer.from(text))): FinishedPack {
  const buffer = new Uint8Array(new SharedArrayBuffer(text.length));
  buffer.set(Buffer.from(text));
  const header = new ByteWriter();
  writeHeaderEntry(header, 'data', sha256(Buffer.from(text)), 32, 0);
  return { id, buffer, length: buffer.length, type: 'data', header: header.take(), count: 1 };
}

test('a backup that ends early still indexes the packs that are on their way', async () => {
  const { repository, sink, open } = await setUp();
  const [kept, refused] = [packOf('kept'), packOf('refused', new Uint8Array(32))];
  const taking = [sink.take(kept), sink.take(refused)];
  const ended = Promise.allSettled(taking);
  const finished = sink.finish();
  open();
  await finished;
  assert.deepEqual(
    (await ended).map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  repository.forgetIndex();
  const index = await repository.loadIndex();
  assert.ok(index.findPack(kept.id) >= 0, 'the pack that was stored is indexed');
  assert.equal(index.findPack(refused.id), -1);
  assert.deepEqual(await idsOf(repository, 'pack'), [toHex(kept.id)]);
});
