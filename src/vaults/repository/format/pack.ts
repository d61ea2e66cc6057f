/** The header at the end of a pack: which blobs lie in it, in their order. */
import { ByteWriter } from '../../../kernel/bytes.ts';
import { HoldfastError } from '../../../kernel/errors.ts';
import { SEAL_OVERHEAD } from './seal.ts';

export type BlobType = 'data' | 'tree';

export interface PackBlob {
  readonly type: BlobType;
  /** SHA-256 of the plaintext, 32 bytes */
  readonly id: Uint8Array;
  /** of the sealed blob in the pack */
  readonly offset: number;
  /** of the sealed blob */
  readonly length: number;
  /** of the plaintext when it was compressed, 0 when it is stored raw */
  readonly uncompressedLength: number;
}

/** Bytes of the length behind the sealed header, LE32. */
export const HEADER_LENGTH_SIZE = 4;
/** The most that a sealed header may take, without its length field. */
export const MAX_HEADER_SIZE = 16 * 1024 * 1024;

const rawEntrySize = 1 + 4 + 32;
const compressedEntrySize = rawEntrySize + 4;

/** Bytes that one blob takes in the header before sealing. */
export function headerEntrySize(blob: Pick<PackBlob, 'uncompressedLength'>): number {
  return blob.uncompressedLength === 0 ? rawEntrySize : compressedEntrySize;
}

/** The number of blobs that always fit into one pack's header. */
export const MAX_PACK_BLOBS = Math.floor((MAX_HEADER_SIZE - SEAL_OVERHEAD) / compressedEntrySize);

/** Bytes that a pack's sealed header and its length field take. */
export function packHeaderSize(blobs: Iterable<Pick<PackBlob, 'uncompressedLength'>>): number {
  let size = SEAL_OVERHEAD + HEADER_LENGTH_SIZE;
  for (const blob of blobs) size += headerEntrySize(blob);
  return size;
}

/** The plain header, to be sealed, of blobs that lie in this order without gaps from the start of the pack. */
export function encodePackHeader(blobs: readonly PackBlob[]): Uint8Array {
  const out = new ByteWriter(blobs.length * compressedEntrySize);
  let offset = 0;
  for (const blob of blobs) {
    if (blob.offset !== offset) {
      throw new HoldfastError('failed', `the blobs of a pack leave a gap or overlap at byte ${offset}`);
    }
    writeHeaderEntry(out, blob.type, blob.id, blob.length, blob.uncompressedLength);
    offset += blob.length;
  }
  if (out.length + SEAL_OVERHEAD > MAX_HEADER_SIZE) {
    throw new HoldfastError(
      'failed',
      `a pack cannot hold ${blobs.length} blobs: its header would be too large`,
    );
  }
  return out.take();
}

/** One more blob at the end of a plain header. `length` is the sealed one, `uncompressedLength` 0 for what is stored raw. */
export function writeHeaderEntry(
  out: ByteWriter,
  type: BlobType,
  id: Uint8Array,
  length: number,
  uncompressedLength: number,
): void {
  const compressed = uncompressedLength !== 0;
  out.writeByte((type === 'tree' ? 1 : 0) + (compressed ? 2 : 0));
  out.writeUint32(length);
  if (compressed) out.writeUint32(uncompressedLength);
  out.writeBytes(id);
}

/** The blobs of a plain (opened) header; ids have memory of their own. Code `corrupt`. */
export function decodePackHeader(plain: Uint8Array): PackBlob[] {
  return Array.from(walkPackHeader(plain), (blob) => ({ ...blob, id: blob.id.slice() }));
}

/** The blobs of a plain header one by one; ids are views of it. Code `corrupt`. */
export function* walkPackHeader(plain: Uint8Array): Generator<PackBlob, void, void> {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  let offset = 0;
  for (let at = 0; at < plain.length;) {
    const kind = plain[at]!;
    if (kind > 3) throw damaged(`unknown blob type ${kind} at byte ${at}`);
    const compressed = kind > 1;
    const end = at + (compressed ? compressedEntrySize : rawEntrySize);
    if (end > plain.length) throw damaged(`the last entry is cut off at byte ${plain.length}`);
    const length = view.getUint32(at + 1, true);
    const uncompressedLength = compressed ? view.getUint32(at + 5, true) : 0;
    if (length < SEAL_OVERHEAD) throw damaged(`a blob of ${length} bytes is too short to be sealed`);
    yield {
      type: kind % 2 === 1 ? 'tree' : 'data',
      id: plain.subarray(end - 32, end),
      offset,
      length,
      uncompressedLength,
    };
    offset += length;
    at = end;
  }
}

/**
 * The length of the sealed header, from the last 4 bytes of a pack of `packSize` bytes; it ends right before them.
 * Code `corrupt` when a pack of that size cannot have such a header.
 */
export function readHeaderLength(lastBytes: Uint8Array, packSize: number): number {
  const at = lastBytes.length - HEADER_LENGTH_SIZE;
  if (at < 0) throw damaged('the pack is too short to have one');
  const length = new DataView(lastBytes.buffer, lastBytes.byteOffset + at, 4).getUint32(0, true);
  if (length < SEAL_OVERHEAD + rawEntrySize) throw damaged(`its length of ${length} bytes is too short`);
  if (length > MAX_HEADER_SIZE) throw damaged(`its length of ${length} bytes is more than 16 MiB`);
  if (length > packSize - HEADER_LENGTH_SIZE)
    throw damaged(`its length of ${length} bytes is more than the pack has`);
  return length;
}

/** The 4 bytes behind a sealed header of `length` bytes. */
export function encodeHeaderLength(length: number): Uint8Array {
  const out = new Uint8Array(HEADER_LENGTH_SIZE);
  new DataView(out.buffer).setUint32(0, length, true);
  return out;
}

function damaged(why: string): HoldfastError {
  return new HoldfastError('corrupt', `malformed pack header: ${why}`);
}
