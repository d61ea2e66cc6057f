import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hasCode, messageOf } from '../../../kernel/errors.ts';
import {
  decodePackHeader,
  encodeHeaderLength,
  encodePackHeader,
  headerEntrySize,
  MAX_PACK_BLOBS,
  type PackBlob,
  packHeaderSize,
  readHeaderLength,
} from './pack.ts';

const anyBlobs: fc.Arbitrary<PackBlob[]> = fc
  .array(
    fc.record(
      {
        type: fc.constantFrom<'data' | 'tree'>('data', 'tree'),
        id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        length: fc.integer({ min: 32, max: 0xffff_ffff }),
        uncompressedLength: fc.oneof(fc.constant(0), fc.nat(0xffff_ffff)),
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 20 },
  )
  .map((blobs) => {
    let offset = 0;
    return blobs.map(({ type, id, length, uncompressedLength }) => {
      const blob = { type, id, offset, length, uncompressedLength };
      offset += length;
      return blob;
    });
  });

const corrupt = (part: string) => (error: unknown) =>
  hasCode(error, 'corrupt') && messageOf(error).includes(part);

test('any header comes back, and has the size that is foretold', () => {
  fc.assert(
    fc.property(anyBlobs, (blobs) => {
      const header = encodePackHeader(blobs);
      assert.deepEqual(decodePackHeader(header), blobs);
      assert.equal(packHeaderSize(blobs), header.length + 32 + 4);
      const sealedLength = header.length + 32;
      assert.equal(readHeaderLength(encodeHeaderLength(sealedLength), sealedLength + 4), sealedLength);
    }),
  );
});

test('the layout is that of the format', () => {
  const blobs: PackBlob[] = [
    {
      type: 'tree',
      id: new Uint8Array(32).fill(1),
      offset: 0,
      length: 0x01020304,
      uncompressedLength: 0x0a0b0c0d,
    },
    { type: 'data', id: new Uint8Array(32).fill(2), offset: 0x01020304, length: 33, uncompressedLength: 0 },
  ];
  const expected = `03040302010d0c0b0a${'01'.repeat(32)}0021000000${'02'.repeat(32)}`;
  assert.equal(Buffer.from(encodePackHeader(blobs)).toString('hex'), expected);
  assert.deepEqual(blobs.map(headerEntrySize), [41, 37]);
});

test('blobs that leave a gap, and more than a header can name, are refused', () => {
  const blob: PackBlob = {
    type: 'data',
    id: new Uint8Array(32),
    offset: 0,
    length: 32,
    uncompressedLength: 1,
  };
  assert.throws(
    () => encodePackHeader([{ ...blob, offset: 1 }]),
    (error) => hasCode(error, 'failed'),
  );
  // without length they all begin at 0
  const empty = { ...blob, length: 0 };
  const many = Array.from({ length: MAX_PACK_BLOBS + 1 }, () => empty);
  assert.throws(
    () => encodePackHeader(many),
    (error) => hasCode(error, 'failed'),
  );
  assert.equal(encodePackHeader(many.slice(1)).length, MAX_PACK_BLOBS * 41);
});

test('every fault is named', () => {
  assert.throws(() => decodePackHeader(Uint8Array.of(4)), corrupt('unknown blob type 4'));
  assert.throws(() => decodePackHeader(new Uint8Array(36)), corrupt('cut off'));
  assert.throws(() => decodePackHeader(new Uint8Array(37)), corrupt('too short to be sealed'));
  assert.throws(() => readHeaderLength(new Uint8Array(3), 3), corrupt('too short'));
  assert.throws(() => readHeaderLength(encodeHeaderLength(0), 1000), corrupt('too short'));
  assert.throws(() => readHeaderLength(encodeHeaderLength(997), 1000), corrupt('more than the pack has'));
  assert.throws(
    () => readHeaderLength(encodeHeaderLength(0xffff_ffff), 2 ** 33),
    corrupt('more than 16 MiB'),
  );
});
