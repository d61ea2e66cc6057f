/** SHA-256 and AES without an allocation or a context a call. */
import { createCipheriv, createHash, hash } from 'node:crypto';
import { HoldfastError } from '../errors.ts';
import { bindNative } from './symbols.ts';

/** AES-256-CTR with one key. */
export interface AesCtr {
  /** Encrypts or decrypts `input` into `output` (same length; may be the same memory). `iv` is the whole counter block. */
  apply(iv: Uint8Array, input: Uint8Array, output: Uint8Array): void;
}

/** AES-128 on single blocks of 16 bytes with one key. */
export interface AesBlock {
  encrypt(block: Uint8Array, output: Uint8Array): void;
}

export interface Crypto {
  readonly kind: 'native' | 'node';
  /** Writes the 32 bytes of SHA-256(data) to `out[at]`. */
  sha256Into(data: Uint8Array, out: Uint8Array, at: number): void;
  aesCtr(key: Uint8Array): AesCtr;
  aesBlock(key: Uint8Array): AesBlock;
}

type Pointer = unknown;

export function nativeCrypto(): Crypto | undefined {
  const api = bindNative('crypto', (bind) => ({
    sha256: bind<(data: Uint8Array, n: number, out: Uint8Array) => Pointer>(
      'void *SHA256(const void *data, size_t n, _Out_ uint8_t *md)',
    ),
    newContext: bind<() => Pointer>('void *EVP_CIPHER_CTX_new()'),
    ctr: bind<() => Pointer>('const void *EVP_aes_256_ctr()'),
    ecb: bind<() => Pointer>('const void *EVP_aes_128_ecb()'),
    init: bind<
      (c: Pointer, cipher: Pointer, engine: null, key: Uint8Array | null, iv: Uint8Array | null) => number
    >('int EVP_EncryptInit_ex(void *ctx, const void *cipher, void *engine, const void *key, const void *iv)'),
    padding: bind<(c: Pointer, on: number) => number>('int EVP_CIPHER_CTX_set_padding(void *ctx, int on)'),
    update: bind<
      (c: Pointer, out: Uint8Array, outLength: Int32Array, input: Uint8Array, n: number) => number
    >('int EVP_EncryptUpdate(void *ctx, void *out, void *outl, const void *in, int n)'),
  }));
  if (!api) return undefined;
  const written = new Int32Array(1);
  const run = (context: Pointer, input: Uint8Array, output: Uint8Array) => {
    if (api.update(context, output, written, input, input.length) !== 1 || written[0] !== input.length) {
      throw new HoldfastError('failed', 'the cipher did not process all of its input');
    }
  };
  const context = (cipher: Pointer, key: Uint8Array, iv: Uint8Array | null) => {
    const made = api.newContext();
    if (api.init(made, cipher, null, key, iv) !== 1)
      throw new HoldfastError('failed', 'the cipher refuses its key');
    return made;
  };
  return {
    kind: 'native',
    sha256Into(data, out, at) {
      api.sha256(data, data.length, at === 0 ? out : out.subarray(at, at + 32));
    },
    aesCtr(key) {
      const ctx = context(api.ctr(), key, new Uint8Array(16));
      return {
        apply(iv, input, output) {
          if (api.init(ctx, null, null, null, iv) !== 1)
            throw new HoldfastError('failed', 'the cipher refuses its counter');
          if (input.length > 0) run(ctx, input, output);
        },
      };
    },
    aesBlock(key) {
      const ctx = context(api.ecb(), key, null);
      api.padding(ctx, 0);
      return { encrypt: (block, output) => run(ctx, block, output) };
    },
  };
}

export const nodeCrypto: Crypto = {
  kind: 'node',
  sha256Into(data, out, at) {
    out.set(hash('sha256', data, 'buffer'), at);
  },
  aesCtr(key) {
    return { apply: (iv, input, output) => output.set(createCipheriv('aes-256-ctr', key, iv).update(input)) };
  },
  aesBlock(key) {
    const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    return { encrypt: (block, output) => output.set(cipher.update(block)) };
  },
};

const crypto: Crypto = nativeCrypto() ?? nodeCrypto;

export const { kind: cryptoKind, sha256Into, aesCtr, aesBlock } = crypto;

export function sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(32);
  sha256Into(data, out, 0);
  return out;
}

/** SHA-256 of bytes that come in pieces. */
export function createSha256(): { update(data: Uint8Array): void; digest(): Uint8Array } {
  const running = createHash('sha256');
  return { update: (data) => void running.update(data), digest: () => running.digest() };
}
