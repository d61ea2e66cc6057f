import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { PackBlob } from '../format/pack.ts';
import { BlobIndex } from './blob-index.ts';

/** A 32-byte id for a name. */
function idOf(name: string | number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`${name}`).digest());
}

function blob(name: string | number, at: Partial<PackBlob> = {}): PackBlob {
  return { type: 'data', id: idOf(name), offset: 0, length: 100, uncompressedLength: 0, ...at };
}

describe('blob index', () => {
  test('is small while little is stored, in however many packs', () => {
    const index = BlobIndex.create();
    assert.ok(index.isSmall);
    for (let i = 0; i < 900; i++) index.addPack(idOf(`pack ${i}`), [blob(i)]);
    assert.ok(index.isSmall);
    index.addPack(idOf('large'), [blob('large', { length: 9 * 2 ** 20 })]);
    assert.ok(!index.isSmall);
    const many = BlobIndex.create();
    many.addPack(
      idOf('pack'),
      Array.from({ length: 1001 }, (_, i) => blob(i, { offset: 100 * i })),
    );
    assert.ok(!many.isSmall);
  });

  test('gives back what was entered', () => {
    const index = BlobIndex.create();
    const place = {
      type: 'tree',
      offset: 0xfffffff0,
      length: 0x7fffffff,
      uncompressedLength: 0xffffffff,
    } as const;
    index.addPack(idOf('pack'), [blob('first'), blob('second', place)]);
    const entry = index.find('tree', idOf('second'));
    assert.deepEqual(
      {
        type: index.typeOf(entry),
        id: index.idOf(entry),
        offset: index.offsetOf(entry),
        length: index.lengthOf(entry),
        uncompressedLength: index.uncompressedLengthOf(entry),
      },
      blob('second', place),
    );
    assert.deepEqual(index.packId(index.packOf(entry)), idOf('pack'));
    assert.equal(index.findPack(idOf('pack')), index.packOf(entry));
    assert.equal(index.findPack(idOf('other')), -1);
    assert.equal(index.find('tree', idOf('third')), -1);
    assert.equal(index.count, 2);
    assert.equal(index.packCount, 1);
  });

  test('looks an id up in the midst of other bytes', () => {
    const index = BlobIndex.create();
    index.addPack(idOf('pack'), [blob('a')]);
    const bytes = Buffer.concat([Buffer.from('xyz'), idOf('a'), Buffer.from('!')]);
    assert.equal(index.find('data', bytes, 3), 0);
    assert.equal(index.find('data', bytes, 2), -1);
    const out = new Uint8Array(40);
    index.readId(0, out, 5);
    assert.deepEqual(out.slice(5, 37), idOf('a'));
  });

  test('tells data from trees of the same id', () => {
    const index = BlobIndex.create();
    index.addPack(idOf('p1'), [blob('a')]);
    assert.equal(index.find('tree', idOf('a')), -1);
    assert.ok(index.claim('tree', idOf('a')));
    index.addPack(idOf('p2'), [blob('a', { type: 'tree' })]);
    assert.equal(index.typeOf(index.find('data', idOf('a'))), 'data');
    assert.equal(index.typeOf(index.find('tree', idOf('a'))), 'tree');
  });

  test('keeps copies in several packs, finds the first, and the same place once', () => {
    const index = BlobIndex.create();
    for (const pack of ['p1', 'p2', 'p1', 'p3'])
      index.addPack(idOf(pack), [blob('a'), blob('b', { offset: 100 })]);
    assert.equal(index.packCount, 3);
    assert.equal(index.count, 6);
    const entries = index.findAll('data', idOf('a'));
    assert.equal(entries[0], index.find('data', idOf('a')));
    const packs = entries.map((entry) => index.packId(index.packOf(entry)));
    assert.deepEqual(packs, [idOf('p1'), idOf('p2'), idOf('p3')]);
  });

  test('grants a claim once, and finds the blob when its pack is there', () => {
    const index = BlobIndex.create();
    assert.ok(index.claim('data', idOf('a')));
    assert.ok(!index.claim('data', idOf('a')));
    assert.equal(index.find('data', idOf('a')), -1);
    assert.deepEqual([...index.entries()], []);
    index.addPack(idOf('pack'), [blob('a', { offset: 7 })]);
    assert.equal(index.count, 1);
    assert.equal(index.offsetOf(index.find('data', idOf('a'))), 7);
    assert.ok(!index.claim('data', idOf('a')));
  });

  test('grows far beyond what was expected, for all who share it', () => {
    const index = BlobIndex.create(10);
    const other = BlobIndex.attach(index.shared);
    const count = 30_000;
    for (let pack = 0; pack < count / 10; pack++) {
      const names = Array.from({ length: 10 }, (_, i) => pack * 10 + i);
      index.addPack(
        idOf(`pack ${pack}`),
        names.map((name, i) => blob(name, { offset: i * 100, length: name })),
      );
    }
    for (let name = 0; name < count; name++) {
      const entry = other.find('data', idOf(name));
      assert.equal(other.lengthOf(entry), name);
    }
    assert.equal(other.find('data', idOf('missing')), -1);
    let visited = 0;
    other.forEachEntry(() => visited++);
    assert.equal(visited, count);
  });

  test('takes at most 64 bytes for a blob, however it grows', () => {
    const index = BlobIndex.create();
    const ids = new Uint8Array(32);
    const view = new DataView(ids.buffer);
    for (let pack = 0; pack < 5_000; pack++) {
      const blobs = Array.from({ length: 20 }, (_, i): PackBlob => {
        const id = new Uint8Array(32);
        new DataView(id.buffer).setUint32(0, Math.imul(pack * 20 + i, 0x9e3779b1), true);
        return { ...blob('any'), id };
      });
      view.setUint32(0, Math.imul(pack, 0x85ebca6b), true);
      index.addPack(ids, blobs);
      if (pack > 1000) assert.ok(index.byteLength <= 64 * index.count, `${index.byteLength / index.count}`);
    }
  });

  test('refuses places that no pack has', () => {
    const index = BlobIndex.create();
    for (const at of [{ length: 2 ** 31 }, { offset: 2 ** 32 }, { uncompressedLength: 2 ** 32 }]) {
      assert.throws(() => index.addPack(idOf('pack'), [blob('a', at)]), { code: 'corrupt' });
    }
    assert.equal(index.count, 0);
  });
});
