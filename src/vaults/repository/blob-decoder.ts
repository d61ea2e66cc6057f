/** From a sealed blob to its plaintext, into memory that is kept from blob to blob. */
import { HoldfastError } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { sha256Into } from '../../kernel/native/crypto.ts';
import { decompressInto, frameContentSize } from '../../kernel/native/zstd.ts';
import type { MasterKey } from './format/seal.ts';
import { createSealer, SEAL_OVERHEAD } from './format/seal.ts';

export interface BlobDecoder {
  /**
   * Opens and decompresses. `uncompressedLength` 0 says that the blob is stored as it is. The result is valid until
   * the next call. Code `corrupt`, with the reason.
   */
  decode(sealed: Uint8Array, uncompressedLength: number): Uint8Array;
  /** As `decode`, and the plaintext's SHA-256 must be `ids[at, at + 32)`. */
  decodeChecked(sealed: Uint8Array, uncompressedLength: number, ids: Uint8Array, at: number): Uint8Array;
}

/** Memory above this is given back after the blob that needed it. */
const keep = 16 * 1024 * 1024;

export function createBlobDecoder(key: MasterKey): BlobDecoder {
  const sealer = createSealer(key);
  const hash = Buffer.alloc(32);
  let openedRoom = new Uint8Array(64 * 1024);
  let plainRoom = new Uint8Array(64 * 1024);

  function room(kept: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
    if (kept.length >= length && (kept.length <= keep || length > keep)) return kept;
    return new Uint8Array(length > keep ? length : Math.max(length, Math.min(keep, 2 * kept.length)));
  }

  function decode(sealed: Uint8Array, uncompressedLength: number): Uint8Array {
    if (sealed.length < SEAL_OVERHEAD) {
      throw new HoldfastError('corrupt', `a blob of ${sealed.length} bytes is too short to be whole`);
    }
    const length = sealed.length - SEAL_OVERHEAD;
    openedRoom = room(openedRoom, length);
    const opened = openedRoom.subarray(0, length);
    sealer.openInto(sealed, opened);
    if (uncompressedLength === 0) return opened;
    // Asked before memory is taken: the length comes from the index, and may be anything.
    const stated = frameContentSize(opened);
    if (stated >= 0 && stated !== uncompressedLength) throw wrongLength(stated, uncompressedLength);
    plainRoom = room(plainRoom, uncompressedLength);
    const written = decompressInto(plainRoom.subarray(0, uncompressedLength), opened);
    if (written !== uncompressedLength) throw wrongLength(written, uncompressedLength);
    return plainRoom.subarray(0, written);
  }

  return {
    decode,
    decodeChecked(sealed, uncompressedLength, ids, at) {
      const plain = decode(sealed, uncompressedLength);
      sha256Into(plain, hash, 0);
      if (hash.compare(ids, at, at + 32) !== 0) {
        throw new HoldfastError('corrupt', `wrong data returned, hash is ${toHex(hash)}`);
      }
      return plain;
    },
  };
}

function wrongLength(is: number, stated: number): HoldfastError {
  return new HoldfastError('corrupt', `it has ${is} bytes uncompressed, and the index states ${stated}`);
}
