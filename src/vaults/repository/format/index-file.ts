/** Index files: which blobs lie in which packs, and where. Read with a scanner, because ten million of them are usual. */
import { ByteWriter } from '../../../kernel/bytes.ts';
import { writeHex } from '../../../kernel/hex.ts';
import { writeUint } from './go-json.ts';
import { FieldTable, JsonReader } from './json-reader.ts';
import type { BlobType, PackBlob } from './pack.ts';

/** Told what an index holds. The array of ids is used again: copy what must stay. */
export interface IndexVisitor {
  /** a pack begins; its id stands in `ids[at, at + 32)` */
  pack(ids: Uint8Array, at: number): void;
  /** a blob of that pack; `length` is the sealed one, `uncompressedLength` is 0 when it is stored raw */
  blob(
    type: BlobType,
    ids: Uint8Array,
    at: number,
    offset: number,
    length: number,
    uncompressedLength: number,
  ): void;
}

export interface IndexedPack {
  readonly id: Uint8Array;
  readonly blobs: Iterable<PackBlob>;
}

const ascii = (text: string) => new TextEncoder().encode(text);
const written = {
  packId: ascii('{"id":"'),
  blobs: ascii('","blobs":['),
  blobId: ascii('{"id":"'),
  data: ascii('","type":"data","offset":'),
  tree: ascii('","type":"tree","offset":'),
  length: ascii(',"length":'),
  uncompressedLength: ascii(',"uncompressed_length":'),
};

/** The JSON of an index and a newline, in restic's order of fields. */
export function encodeIndex(packs: Iterable<IndexedPack>): Uint8Array {
  const w = new ByteWriter(65536);
  w.writeAscii('{"packs":[');
  let firstPack = true;
  for (const pack of packs) {
    if (!firstPack) w.writeByte(0x2c);
    firstPack = false;
    w.writeBytes(written.packId);
    writeId(w, pack.id);
    w.writeBytes(written.blobs);
    let firstBlob = true;
    for (const blob of pack.blobs) {
      if (!firstBlob) w.writeByte(0x2c);
      firstBlob = false;
      w.writeBytes(written.blobId);
      writeId(w, blob.id);
      w.writeBytes(blob.type === 'data' ? written.data : written.tree);
      writeUint(w, blob.offset);
      w.writeBytes(written.length);
      writeUint(w, blob.length);
      if (blob.uncompressedLength !== 0) {
        w.writeBytes(written.uncompressedLength);
        writeUint(w, blob.uncompressedLength);
      }
      w.writeByte(0x7d);
    }
    w.writeAscii(']}');
  }
  w.writeAscii(']}\n');
  return w.take();
}

function writeId(w: ByteWriter, id: Uint8Array): void {
  writeHex(w.reserve(64), w.length, id, 0, 32);
  w.length += 64;
}

const indexFields = new FieldTable(['packs']);
const packFields = new FieldTable(['id', 'blobs']);
const blobFields = new FieldTable(['id', 'type', 'offset', 'length', 'uncompressed_length']);

/** Reads an index and tells the visitor of its packs and blobs as they come. Unknown fields are skipped. Code `corrupt`. */
export function scanIndex(json: Uint8Array, visitor: IndexVisitor): void {
  const r = new JsonReader('index', json);
  const ids = new Uint8Array(64);
  r.expect(0x7b);
  for (let first = true; r.next(0x7d, first); first = false) {
    if (r.readField(indexFields, 0) < 0) {
      r.skipValue();
    } else if (!r.tryNull()) {
      r.expect(0x5b);
      for (let firstPack = true; r.next(0x5d, firstPack); firstPack = false) scanPack(r, ids, visitor);
    }
  }
  r.expectEnd();
}

/** The pack's id must be known before its blobs: where it stands behind them, they are read again. */
function scanPack(r: JsonReader, ids: Uint8Array, visitor: IndexVisitor): void {
  const start = r.pos;
  let hasId = false;
  let blobsAt = -1;
  r.expect(0x7b);
  for (let first = true; r.next(0x7d, first); first = false) {
    const index = r.readField(packFields, 0);
    if (index === 0) {
      r.readId(ids, 0);
      hasId = true;
      visitor.pack(ids, 0);
    } else if (index < 0) {
      r.skipValue();
    } else if (!r.tryNull()) {
      if (hasId) {
        scanBlobs(r, ids, visitor);
      } else {
        blobsAt = r.pos;
        r.skipValue();
      }
    }
  }
  if (!hasId) r.failAt(start, 'pack without an id');
  if (blobsAt < 0) return;
  const end = r.pos;
  r.pos = blobsAt;
  scanBlobs(r, ids, visitor);
  r.pos = end;
}

function scanBlobs(r: JsonReader, ids: Uint8Array, visitor: IndexVisitor): void {
  r.expect(0x5b);
  for (let first = true; r.next(0x5d, first); first = false) scanBlob(r, ids, visitor);
}

function scanBlob(r: JsonReader, ids: Uint8Array, visitor: IndexVisitor): void {
  const start = r.pos;
  let type: BlobType | undefined;
  let hasId = false;
  let offset = -1;
  let length = -1;
  let uncompressedLength = 0;
  r.expect(0x7b);
  let index = -1;
  for (let first = true; r.next(0x7d, first); first = false) {
    index = r.readField(blobFields, index + 1);
    if (index === 0) {
      r.readId(ids, 32);
      hasId = true;
    } else if (index === 1) type = readType(r);
    else if (index === 2) offset = readUint32(r);
    else if (index === 3) length = readUint32(r);
    else if (index === 4) uncompressedLength = readUint32(r);
    else r.skipValue();
  }
  if (!hasId || type === undefined || offset < 0 || length < 0)
    r.failAt(start, 'blob without id, type, offset or length');
  visitor.blob(type, ids, 32, offset, length, uncompressedLength);
}

function readType(r: JsonReader): BlobType {
  r.readString();
  const { bytes, textStart: at } = r;
  if (r.textEnd - at === 4) {
    if (bytes[at] === 0x64 && bytes[at + 1] === 0x61 && bytes[at + 2] === 0x74 && bytes[at + 3] === 0x61)
      return 'data';
    if (bytes[at] === 0x74 && bytes[at + 1] === 0x72 && bytes[at + 2] === 0x65 && bytes[at + 3] === 0x65)
      return 'tree';
  }
  return r.failAt(at, 'type of blob expected');
}

function readUint32(r: JsonReader): number {
  const value = r.readUint();
  if (value > 0xffff_ffff) r.fail('number is too large');
  return value;
}
