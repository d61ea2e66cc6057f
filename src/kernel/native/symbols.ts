/**
 * Node's own binary exports zstd and OpenSSL. Calling them directly with contexts that are kept takes the fixed cost of
 * tens of microseconds off every small blob. Where the symbols cannot be had, callers fall back to Node's own API.
 */
import { createRequire } from 'node:module';

type Koffi = typeof import('koffi').default;
type Binder = <F>(prototype: string) => F;

const require = createRequire(import.meta.url);

/** Libraries in which the symbols are looked for, after the process itself. */
const distributions: Record<string, readonly string[]> = {
  zstd: ['libzstd.so.1', 'libzstd.1.dylib'],
  crypto: ['libcrypto.so.3', 'libcrypto.3.dylib'],
  libc: ['libc.so.6'],
};

let used = false;

/** True when this thread has called for native symbols, and koffi is there; or when others may have. */
export function usesNative(): boolean {
  return used;
}

/** For who starts threads: whatever one of them loads is in the whole process. */
export function expectNative(): void {
  used = true;
}

/**
 * Calls `declare` with a binder for the first library that has every symbol it asks for.
 * Returns undefined when there is none, or when HOLDFAST_NATIVE=off.
 */
export function bindNative<T>(
  kind: 'zstd' | 'crypto' | 'libc',
  declare: (bind: Binder, koffi: Koffi) => T,
): T | undefined {
  if (process.env['HOLDFAST_NATIVE'] === 'off') return undefined;
  let koffi: Koffi;
  try {
    koffi = require('koffi') as Koffi;
    used = true;
  } catch {
    return undefined;
  }
  for (const path of [null, ...distributions[kind]!]) {
    try {
      const library = koffi.load(path);
      return declare(<F>(prototype: string) => library.func(prototype) as F, koffi);
    } catch {
      continue;
    }
  }
  return undefined;
}

/**
 * `bindNative` on Linux alone. For when a module is loaded: what binds later may meet the end of its thread, which koffi
 * answers by ending the process.
 */
export function bindOnLinux<T>(declare: (bind: Binder, koffi: Koffi) => T): T | undefined {
  return process.platform === 'linux' ? bindNative('libc', declare) : undefined;
}
