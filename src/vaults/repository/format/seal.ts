/** Encryption of everything but key files: `IV(16) || AES-256-CTR ciphertext || Poly1305-AES MAC(16)`. */
import { randomFillSync } from 'node:crypto';
import { HoldfastError } from '../../../kernel/errors.ts';
import { type AesBlock, aesBlock, type AesCtr, aesCtr } from '../../../kernel/native/crypto.ts';
import { poly1305 } from '../../../kernel/native/poly1305.ts';

/** The repository's secret: what a password unlocks in a key file. */
export interface MasterKey {
  /** AES-256 key, 32 bytes */
  readonly encrypt: Uint8Array;
  /** AES-128 key of the MAC, 16 bytes */
  readonly macK: Uint8Array;
  /** r of Poly1305, 16 bytes */
  readonly macR: Uint8Array;
}

/** Bytes that sealing adds. */
export const SEAL_OVERHEAD = 32;
const ivLength = 16;
const macLength = 16;

/** Ciphers of one master key; belongs to one thread. */
export interface Sealer {
  /**
   * Seals in place: `buffer[start + 16, start + 16 + length)` holds the plaintext and is overwritten; the IV goes before
   * it and the MAC behind it, so `buffer` must reach to `start + length + 32`. Returns the end of the sealed bytes.
   */
  sealInPlace(buffer: Uint8Array, start: number, length: number): number;
  /** Checks the MAC and decrypts into `out`, which has `sealed.length - 32` bytes and may overlap nothing. Code `corrupt`. */
  openInto(sealed: Uint8Array, out: Uint8Array): void;
}

/** Random bytes are drawn for many IVs at once: a call costs more than its bytes. */
const ivPool = Buffer.alloc(16 * 256);
let ivUsed = ivPool.length;

function nextIv(out: Uint8Array, at: number): void {
  if (ivUsed === ivPool.length) {
    randomFillSync(ivPool);
    ivUsed = 0;
  }
  out.set(ivPool.subarray(ivUsed, ivUsed + ivLength), at);
  ivUsed += ivLength;
}

export function createSealer(key: MasterKey): Sealer {
  const cipher: AesCtr = aesCtr(key.encrypt);
  const macCipher: AesBlock = aesBlock(key.macK);
  const oneTimeKey = Buffer.alloc(32);
  oneTimeKey.set(key.macR, 0);
  const s = oneTimeKey.subarray(16);
  const computed = Buffer.alloc(macLength);

  return {
    sealInPlace(buffer, start, length) {
      nextIv(buffer, start);
      const bodyStart = start + ivLength;
      const end = bodyStart + length;
      const iv = buffer.subarray(start, bodyStart);
      const body = buffer.subarray(bodyStart, end);
      cipher.apply(iv, body, body);
      macCipher.encrypt(iv, s);
      poly1305(buffer.subarray(end, end + macLength), body, oneTimeKey);
      return end + macLength;
    },
    openInto(sealed, out) {
      if (sealed.length < SEAL_OVERHEAD) {
        throw new HoldfastError('corrupt', `sealed data of ${sealed.length} bytes is too short to be whole`);
      }
      const end = sealed.length - macLength;
      const iv = sealed.subarray(0, ivLength);
      const body = sealed.subarray(ivLength, end);
      macCipher.encrypt(iv, s);
      poly1305(computed, body, oneTimeKey);
      if (computed.compare(sealed, end, end + macLength) !== 0) {
        throw new HoldfastError(
          'corrupt',
          'the authentication code does not match: the data was altered or the key is another',
        );
      }
      if (iv.every((byte) => byte === 0))
        throw new HoldfastError('corrupt', 'sealed data has an all-zero IV');
      cipher.apply(iv, body, out);
    },
  };
}

const sealers = new WeakMap<MasterKey, Sealer>();

/** The sealer of a key in this thread, made once. */
export function sealerOf(key: MasterKey): Sealer {
  let sealer = sealers.get(key);
  if (!sealer) sealers.set(key, (sealer = createSealer(key)));
  return sealer;
}

/** Seals into an array of its own. */
export function seal(key: MasterKey, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(plaintext.length + SEAL_OVERHEAD);
  out.set(plaintext, ivLength);
  sealerOf(key).sealInPlace(out, 0, plaintext.length);
  return out;
}

/** Opens into an array of its own. Code `corrupt`. */
export function open(key: MasterKey, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.max(0, sealed.length - SEAL_OVERHEAD));
  sealerOf(key).openInto(sealed, out);
  return out;
}

export function newMasterKey(): MasterKey {
  const random = (n: number) => randomFillSync(new Uint8Array(n));
  return { encrypt: random(32), macK: random(16), macR: random(16) };
}
