import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hasCode, messageOf } from '../../../kernel/errors.ts';
import { toHex } from '../../../kernel/hex.ts';
import { encodeIndex, type IndexedPack, scanIndex } from './index-file.ts';
import type { PackBlob } from './pack.ts';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const blob: fc.Arbitrary<PackBlob> = fc.record(
  {
    type: fc.constantFrom('data', 'tree'),
    id,
    offset: fc.nat(0xffff_ffff),
    length: fc.nat(0xffff_ffff),
    uncompressedLength: fc.oneof(fc.constant(0), fc.nat(0xffff_ffff)),
  },
  { noNullPrototype: true },
);
const anyPacks: fc.Arbitrary<IndexedPack[]> = fc.array(
  fc.record({ id, blobs: fc.array(blob, { maxLength: 5 }) }, { noNullPrototype: true }),
  { maxLength: 5 },
);

function collect(json: Uint8Array): IndexedPack[] {
  const packs: { id: Uint8Array; blobs: PackBlob[] }[] = [];
  scanIndex(json, {
    pack: (ids, at) => void packs.push({ id: ids.slice(at, at + 32), blobs: [] }),
    blob: (type, ids, at, offset, length, uncompressedLength) =>
      void packs.at(-1)!.blobs.push({ type, id: ids.slice(at, at + 32), offset, length, uncompressedLength }),
  });
  return packs;
}

test('any index comes back, and is what JSON.stringify would write', () => {
  fc.assert(
    fc.property(anyPacks, (packs) => {
      const json = encodeIndex(packs);
      assert.deepEqual(collect(json), packs);
      const plain = packs.map((pack) => ({
        id: toHex(pack.id),
        blobs: Array.from(pack.blobs, ({ type, id, offset, length, uncompressedLength }) => ({
          id: toHex(id),
          type,
          offset,
          length,
          uncompressed_length: uncompressedLength || undefined,
        })),
      }));
      assert.equal(Buffer.from(json).toString(), `${JSON.stringify({ packs: plain })}\n`);
    }),
    { numRuns: 300 },
  );
});

test('members may come in any order, and unknown ones are skipped', () => {
  const a = 'aa'.repeat(32);
  const b = 'BB'.repeat(32);
  const json = `{"supersedes":["${a}"], "packs": [
    {"time":"2020", "blobs":[{"uncompressed_length":7,"length":40,"offset":1,"type":"tree","id":"${b}","x":{}}], "id":"${a}"},
    {"id":"${b}", "blobs":null}, {"id":"${a}"} ], "packs_to_delete":[{"id":"zz"}]}`;
  const [first, second, third] = collect(Buffer.from(json));
  assert.equal(toHex(first!.id), a);
  assert.deepEqual(first!.blobs, [
    { type: 'tree', id: new Uint8Array(32).fill(0xbb), offset: 1, length: 40, uncompressedLength: 7 },
  ]);
  assert.deepEqual([second!.blobs, third!.blobs], [[], []]);
  assert.deepEqual(collect(Buffer.from('{"packs":null}')), []);
});

test('every fault is named', () => {
  const a = 'aa'.repeat(32);
  const withBlob = (members: string) => `{"packs":[{"id":"${a}","blobs":[{${members}}]}]}`;
  const faults: readonly (readonly [json: string, part: string])[] = [
    ['', 'unexpected end'],
    ['[]', "'{' expected"],
    ['{"packs":[{"blobs":[]}]}', 'pack without an id'],
    ['{"packs":[{"id":"aa","blobs":[]}]}', 'id of 64 hex digits'],
    ['{"packs":[{"id":null,"blobs":[]}]}', "'\"' expected"],
    [withBlob(`"id":"${a}","type":"data","offset":0`), 'blob without id, type, offset or length'],
    [withBlob(`"id":"${a}","type":"blob"`), 'type of blob'],
    [withBlob('"offset":4294967296'), 'too large'],
    [withBlob('"length":-3'), 'whole number'],
    [`{"packs":[{"id":"${a}","blobs":[`, 'unexpected end'],
    ['{"packs":[]} x', 'something follows the end'],
  ];
  for (const [json, part] of faults) {
    assert.throws(
      () => collect(Buffer.from(json)),
      (error) =>
        hasCode(error, 'corrupt') &&
        messageOf(error).startsWith('malformed index: ') &&
        messageOf(error).includes(part),
      json,
    );
  }
});
