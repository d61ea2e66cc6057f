/** One pack looked at byte by byte: its hash, its blobs, and whether its header says what the index says. */
import { messageOf } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import type { BlobDecoder } from '../../vaults/repository/blob-decoder.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { PackBlob } from '../../vaults/repository/format/pack.ts';
import {
  decodePackHeader,
  HEADER_LENGTH_SIZE,
  readHeaderLength,
} from '../../vaults/repository/format/pack.ts';
import type { MasterKey } from '../../vaults/repository/format/seal.ts';
import { open } from '../../vaults/repository/format/seal.ts';
import { summarize } from './pack-layout.ts';

export interface PackParts {
  readonly index: BlobIndex;
  readonly key: MasterKey;
  readonly decoder: BlobDecoder;
}

/**
 * Everything that is wrong with the whole pack `bytes`, one sentence each. `onTree` is given every tree's entry, with
 * its plaintext, or with the reason why there is none.
 */
export function checkPack(
  parts: PackParts,
  pack: number,
  entries: Uint32Array,
  bytes: Uint8Array,
  onTree: (entry: number, plain: Uint8Array | undefined, why: string) => void,
): string[] {
  const { index } = parts;
  const summary = summarize(index, entries);
  const errors: string[] = [];
  if (!summary.contiguous) errors.push('index for pack contains gaps / overlapping blobs');
  const packId = index.packId(pack);
  const hash = sha256(bytes);
  checkBlobs(parts, entries, bytes, 0, (entry, plain, why) => {
    if (plain === undefined) errors.push(`blob ${toHex(index.idOf(entry))}: ${why}`);
    if (index.typeOf(entry) === 'tree') onTree(entry, plain, why);
  });
  if (Buffer.compare(hash, packId) !== 0) {
    errors.push(`unexpected pack id ${toHex(hash)}`);
    return errors;
  }
  try {
    compareHeader(parts, pack, entries, bytes, summary.headerSize, errors);
  } catch (error) {
    errors.push(messageOf(error));
  }
  return errors;
}

/** Decodes blobs from `bytes`, which begin at `start` in their pack, and hands over each with its verified plaintext. */
export function checkBlobs(
  { index, decoder }: PackParts,
  entries: Uint32Array,
  bytes: Uint8Array,
  start: number,
  visit: (entry: number, plain: Uint8Array | undefined, why: string) => void,
): void {
  const id = new Uint8Array(32);
  for (const entry of entries) {
    const at = index.offsetOf(entry) - start;
    const end = at + index.lengthOf(entry);
    if (end > bytes.length) {
      visit(entry, undefined, 'the pack ends before it');
      continue;
    }
    index.readId(entry, id, 0);
    let plain: Uint8Array | undefined;
    let why = '';
    try {
      plain = decoder.decodeChecked(bytes.subarray(at, end), index.uncompressedLengthOf(entry), id, 0);
    } catch (error) {
      why = messageOf(error);
    }
    visit(entry, plain, why);
  }
}

function compareHeader(
  { index, key }: PackParts,
  pack: number,
  entries: Uint32Array,
  bytes: Uint8Array,
  expected: number,
  errors: string[],
): void {
  const length = readHeaderLength(bytes, bytes.length);
  const headerEnd = bytes.length - HEADER_LENGTH_SIZE;
  const blobs = decodePackHeader(open(key, bytes.subarray(headerEnd - length, headerEnd)));
  if (length !== expected) errors.push(`pack header size does not match, want ${expected}, got ${length}`);
  const id = new Uint8Array(32);
  for (const [i, blob] of blobs.entries()) {
    const entry = entries[i];
    if (entry !== undefined && isAt(index, entry, blob, id)) continue;
    if (
      index
        .findAll(blob.type, blob.id)
        .some((other) => index.packOf(other) === pack && isAt(index, other, blob, id))
    )
      continue;
    errors.push(`blob ${toHex(blob.id)} is not contained in index or position is incorrect`);
  }
}

function isAt(index: BlobIndex, entry: number, blob: PackBlob, id: Uint8Array): boolean {
  index.readId(entry, id, 0);
  return (
    index.offsetOf(entry) === blob.offset &&
    index.lengthOf(entry) === blob.length &&
    index.uncompressedLengthOf(entry) === blob.uncompressedLength &&
    index.typeOf(entry) === blob.type &&
    Buffer.compare(id, blob.id) === 0
  );
}
