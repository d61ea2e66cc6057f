import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { sha256 } from '../../../kernel/native/crypto.ts';
import { decompress } from '../../../kernel/native/zstd.ts';
import { BlobIndex } from '../blob-index/blob-index.ts';
import { decodePackHeader, type PackBlob, readHeaderLength } from '../format/pack.ts';
import { newMasterKey, open } from '../format/seal.ts';
import { createPacker, type FinishedPack, type PackerOptions } from './packer.ts';

const key = newMasterKey();

function collect(options: Partial<PackerOptions> = {}) {
  const packs: FinishedPack[] = [];
  const packer = createPacker({
    key,
    claims: BlobIndex.create(),
    compression: 'auto',
    version: 2,
    packSize: 4 * 1024 * 1024,
    onPack: (pack) => packs.push(pack),
    ...options,
  });
  return { packer, packs };
}

/** Reads a pack as any reader would: by its last bytes. */
function contents(pack: FinishedPack): { blob: PackBlob; data: Uint8Array }[] {
  const bytes = pack.buffer.subarray(0, pack.length);
  assert.deepEqual(Buffer.from(sha256(bytes)), Buffer.from(pack.id));
  const headerLength = readHeaderLength(bytes.subarray(-4), bytes.length);
  const header = open(key, bytes.subarray(bytes.length - 4 - headerLength, bytes.length - 4));
  return decodePackHeader(header).map((blob) => {
    const plain = open(key, bytes.subarray(blob.offset, blob.offset + blob.length));
    const data = blob.uncompressedLength === 0 ? plain : decompress(plain);
    assert.deepEqual(Buffer.from(sha256(data)), Buffer.from(blob.id));
    return { blob, data };
  });
}

test('blobs come back out of packs, each stored once, trees and data apart', () => {
  const { packer, packs } = collect();
  const id = new Uint8Array(64);
  const text = Buffer.from('words, words, words. '.repeat(500));
  const noise = randomBytes(600_000);
  assert.equal(packer.put('data', text, id, 32), true);
  assert.deepEqual(Buffer.from(id.subarray(32)), Buffer.from(sha256(text)));
  assert.equal(packer.put('data', text, id, 0), false);
  assert.equal(packer.put('tree', text, id, 0), true, 'a tree of the same bytes is another blob');
  assert.equal(packer.put('data', noise, id, 0), true);
  assert.equal(packer.put('data', new Uint8Array(0), id, 0), true);
  packer.finish();
  assert.deepEqual(packs.map(({ type }) => type).sort(), ['data', 'tree']);
  const data = contents(packs.find(({ type }) => type === 'data')!);
  assert.deepEqual(
    data.map(({ data: bytes }) => bytes.length),
    [text.length, noise.length, 0],
  );
  assert.ok(data[0]!.blob.uncompressedLength === text.length && data[0]!.blob.length < 1000);
  assert.equal(data[1]!.blob.uncompressedLength, 0, 'what does not shrink is stored as it is');
  assert.deepEqual(packer.stats, {
    dataBlobs: 3,
    treeBlobs: 1,
    bytesAdded: 2 * text.length + noise.length,
    bytesPacked: packs.reduce(
      (sum, pack) => sum + contents(pack).reduce((s, { blob }) => s + blob.length, 0),
      0,
    ),
  });
});

test('packs are closed at their size, also for blobs that hardly fit', () => {
  const { packer, packs } = collect();
  const id = new Uint8Array(32);
  const blobs = [3, 1, 7, 8, 2, 2, 2].map((mib) => randomBytes(mib * 1024 * 1024));
  for (const blob of blobs) packer.put('data', blob, id, 0);
  packer.finish();
  const found = packs.flatMap((pack) => contents(pack).map(({ data }) => data.length));
  assert.deepEqual(
    found,
    blobs.map(({ length }) => length),
  );
  for (const pack of packs) assert.ok(pack.count === 1 || pack.length <= 6.1 * 1024 * 1024);
});

test('a pack that one packer began is finished by another', () => {
  const index = BlobIndex.create();
  const first = collect({ claims: index });
  const second = collect({ claims: index });
  const id = new Uint8Array(32);
  const all = Array.from({ length: 40 }, (_, i) => randomBytes(1000 + i));
  all.forEach((blob, i) => (i % 2 ? first : second).packer.put(i % 3 ? 'data' : 'tree', blob, id, 0));
  for (const pack of first.packer.takePartial()) second.packer.absorb(pack);
  first.packer.finish();
  second.packer.finish();
  assert.equal(first.packs.length, 0);
  assert.equal(second.packs.length, 2);
  const lengths = second.packs.flatMap((pack) => contents(pack).map(({ data }) => data.length));
  assert.deepEqual(lengths.sort(), all.map(({ length }) => length).sort());
});

test('version 1 stores everything as it is', () => {
  const { packer, packs } = collect({ version: 1 });
  packer.put('tree', Buffer.from('{"nodes":[]}\n'.repeat(100)), new Uint8Array(32), 0);
  packer.finish();
  const [only] = contents(packs[0]!);
  assert.equal(only!.blob.uncompressedLength, 0);
  assert.equal(only!.data.length, 1300);
});

test('a block that does not decode to what it was made from is never handed on', () => {
  const data = Buffer.alloc(10_000, 'abc');
  // A bad memory cell: the bytes change behind the compressor's back, which the profile can tell the moment of.
  const profile = new Proxy<Record<string, number>>(
    {},
    {
      set(target, stage, value: number) {
        if (stage === 'compress') data[5000]! ^= 1;
        target[String(stage)] = value;
        return true;
      },
    },
  );
  const { packer, packs } = collect({ profile });
  assert.throws(() => packer.put('data', data, new Uint8Array(32), 0), { code: 'corrupt' });
  assert.equal(packs.length, 0);
});
