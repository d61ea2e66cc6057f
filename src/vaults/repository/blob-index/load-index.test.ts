import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { HoldfastError } from '../../../kernel/errors.ts';
import { encodeIndex, type IndexedPack } from '../format/index-file.ts';
import { newMasterKey } from '../format/seal.ts';
import { sealFile, type SealContext } from '../sealed-file.ts';
import { loadIndex, type LoadOptions } from './load-index.ts';

const sealing: SealContext = { key: newMasterKey(), version: 2 };

function idOf(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(name).digest());
}

/** `count` blobs in packs of ten; their offset says which they are. */
function packsOf(name: string, count: number, compressed = true): IndexedPack[] {
  return Array.from({ length: count / 10 }, (_, pack) => ({
    id: idOf(`${name} pack ${pack}`),
    blobs: Array.from({ length: 10 }, (_, i) => ({
      type: 'data',
      id: idOf(`${name} ${pack * 10 + i}`),
      offset: pack * 10 + i,
      length: 100,
      uncompressedLength: compressed ? 300 : 0,
    })),
  }));
}

/** Loads index files that are given as stored bytes. */
function load(stored: Record<string, Uint8Array>, options: Partial<LoadOptions> = {}) {
  const files = Object.entries(stored).map(([id, bytes]) => ({ id, size: bytes.length }));
  return loadIndex(files, { sealing, read: async (id) => stored[id]!, ...options });
}

describe('loading the index', () => {
  test('an empty repository has an empty index', async () => {
    assert.equal((await load({})).count, 0);
  });

  test('a few files are read in this thread, the same place once', async () => {
    const index = await load({
      one: sealFile(sealing, encodeIndex(packsOf('one', 200))),
      two: sealFile(sealing, encodeIndex([...packsOf('two', 100), ...packsOf('one', 50)])),
    });
    assert.equal(index.count, 300);
    assert.equal(index.offsetOf(index.find('data', idOf('two 99'))), 99);
  });

  test('many are read by several threads, and the stored bytes stay with their owner', async () => {
    const stored: Record<string, Uint8Array> = {};
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      stored[name] = sealFile(sealing, encodeIndex(packsOf(name, 10_000)));
    }
    const index = await load(stored, { threads: 2 });
    assert.equal(index.count, 50_000);
    assert.equal(index.packCount, 5_000);
    assert.equal(index.offsetOf(index.find('data', idOf('e 9999'))), 9999);
    assert.ok(Object.values(stored).every((bytes) => bytes.length > 400_000));
  });

  test('a damaged file is named, enters nothing, and can be passed over', async () => {
    const good = sealFile(sealing, encodeIndex(packsOf('good', 10)));
    const flipped = good.slice();
    flipped[40]! ^= 1;
    const half = new TextDecoder().decode(encodeIndex(packsOf('half', 20))).slice(0, -10);
    const stored = { good, flipped00: flipped, cutshort: sealFile(sealing, Buffer.from(half)) };
    await assert.rejects(load(stored), { code: 'corrupt', message: /flipped0|cutshort/ });
    const damaged: string[] = [];
    const index = await load(stored, { damaged: (id) => damaged.push(id) });
    assert.deepEqual(damaged.sort(), ['cutshort', 'flipped00']);
    assert.equal(index.count, 10);
  });

  test('an error that is not damage ends it', async () => {
    const read = async (): Promise<Uint8Array> => {
      throw new HoldfastError('unreachable', 'no network');
    };
    const loading = load({ a: new Uint8Array(10) }, { read, damaged: () => assert.fail() });
    await assert.rejects(loading, { code: 'unreachable' });
  });

  test('a version 1 repository has no compressed blobs', async () => {
    const old: SealContext = { ...sealing, version: 1 };
    const plain = sealFile(old, encodeIndex(packsOf('a', 10, false)));
    assert.equal((await load({ plain }, { sealing: old })).count, 10);
    const compressed = sealFile(old, encodeIndex(packsOf('a', 10)));
    await assert.rejects(load({ compressed }, { sealing: old }), { code: 'unsupported' });
  });
});
