/**
 * Poly1305 with a one-time key. Node's binary exports OpenSSL's, which is three times as fast as libsodium's; that one
 * serves where OpenSSL is a library of its own, which does not export it. Loaded then alone: it takes its time.
 */
import { createRequire } from 'node:module';
import { bindNative } from './symbols.ts';

/** `key` has 32 bytes, r then s; r is clamped by the algorithm itself. Writes 16 bytes to `out`. */
export type Poly1305 = (out: Uint8Array, data: Uint8Array, key: Uint8Array) => void;

/** More than the context of any version: 248 bytes in 3.x. */
const contextSize = 1024;

export function opensslPoly1305(): Poly1305 | undefined {
  const api = bindNative('crypto', (bind) => ({
    size: bind<() => number>('size_t Poly1305_ctx_size()'),
    init: bind<(context: Uint8Array, key: Uint8Array) => void>(
      'void Poly1305_Init(void *ctx, const void *key)',
    ),
    update: bind<(context: Uint8Array, data: Uint8Array, n: number) => void>(
      'void Poly1305_Update(void *ctx, const void *data, size_t n)',
    ),
    final: bind<(context: Uint8Array, out: Uint8Array) => void>('void Poly1305_Final(void *ctx, void *mac)'),
  }));
  if (!api || api.size() > contextSize) return undefined;
  const context = new Uint8Array(contextSize);
  return (out, data, key) => {
    api.init(context, key);
    api.update(context, data, data.length);
    api.final(context, out);
  };
}

export function sodiumPoly1305(): Poly1305 {
  const require = createRequire(import.meta.url);
  const sodium = require('sodium-native') as { crypto_onetimeauth: Poly1305 };
  return (out, data, key) => sodium.crypto_onetimeauth(out, data, key);
}

export const poly1305: Poly1305 = opensslPoly1305() ?? sodiumPoly1305();
