/** zstd in one call, into memory that the caller keeps. Frames carry their content size and no checksum. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { HoldfastError } from '../errors.ts';
import { bindNative } from './symbols.ts';

/** A level, or a level with some of its parameters changed. */
export type Effort = number | ChangedLevel;

interface ChangedLevel {
  readonly level: number;
  /** the minimal length of matches: a smaller one finds more and takes longer */
  readonly minMatch?: number;
  /** two to the power of this: places in the table of what was seen; a small table stays in the cache */
  readonly hashLog?: number;
  /** Levels 3 and 4: the same for the table of short matches, when `hashLog` is that of the long ones. */
  readonly chainLog?: number;
  /**
   * Levels 1 and 2: how much further the search goes on where nothing matched, 2 and more. What matches nothing is still
   * coded by its frequencies, which node:zlib cannot be told: it goes as far as the level does.
   */
  readonly stride?: number;
}

const changed = (effort: Effort): ChangedLevel => (typeof effort === 'number' ? { level: effort } : effort);

/** The parameters of an effort that every zstd knows; 0 leaves one to the level. */
function stableParameters(effort: Effort): Record<number, number> {
  const { level, minMatch = 0, hashLog = 0, chainLog = 0 } = changed(effort);
  return {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_minMatch]: minMatch,
    [constants.ZSTD_c_hashLog]: hashLog,
    [constants.ZSTD_c_chainLog]: chainLog,
  };
}

/** ZSTD_c_literalCompressionMode, and its value to always try: experimental, and in shared libraries too. */
const [literalMode, always] = [1002, 1];

export interface Zstd {
  /** 'native' when zstd is called directly, 'node' through node:zlib */
  readonly kind: 'native' | 'node';
  /** Compresses `src` into `dst`; the number of bytes written, or -1 when `dst` is too small. */
  compressInto(dst: Uint8Array, src: Uint8Array, effort: Effort): number;
  /** Decompresses one frame into `dst`; the number of bytes written. Code `corrupt` when it is no frame or does not fit. */
  decompressInto(dst: Uint8Array, src: Uint8Array): number;
}

type Pointer = unknown;
/** koffi gives a size_t as a number while it is exact, and as a bigint beyond. */
type Size = number | bigint;

/** ZSTD_error_dstSize_tooSmall */
const tooSmall = 70n;
/** ZSTD_decompress and ZSTD_compress return `(size_t) -code` for errors. */
const errorFloor = 2n ** 64n - 4096n;

const isError = (n: Size) => typeof n === 'bigint' && n >= errorFloor;

const damaged = (why: string) => new HoldfastError('corrupt', `compressed data is damaged: ${why}`);

export function nativeZstd(): Zstd | undefined {
  const api = bindNative('zstd', (bind) => ({
    createCCtx: bind<() => Pointer>('void *ZSTD_createCCtx()'),
    createDCtx: bind<() => Pointer>('void *ZSTD_createDCtx()'),
    setParameter: bind<(c: Pointer, parameter: number, value: number) => Size>(
      'size_t ZSTD_CCtx_setParameter(void *ctx, int parameter, int value)',
    ),
    compress: bind<(c: Pointer, d: Uint8Array, dn: number, s: Uint8Array, sn: number) => Size>(
      'size_t ZSTD_compress2(void *ctx, void *dst, size_t dstSize, const void *src, size_t srcSize)',
    ),
    decompress: bind<(c: Pointer, d: Uint8Array, dn: number, s: Uint8Array, sn: number) => Size>(
      'size_t ZSTD_decompressDCtx(void *ctx, void *dst, size_t dstSize, const void *src, size_t srcSize)',
    ),
  }));
  if (!api) return undefined;
  /** a context for each effort, its parameters set once */
  const compressors = new Map<Effort, Pointer>();
  const compressorOf = (effort: Effort): Pointer => {
    const made = api.createCCtx();
    for (const [parameter, value] of Object.entries(stableParameters(effort)))
      api.setParameter(made, Number(parameter), value);
    const { stride = 0 } = changed(effort);
    if (stride > 0 && !isError(api.setParameter(made, literalMode, always)))
      api.setParameter(made, constants.ZSTD_c_targetLength, stride);
    compressors.set(effort, made);
    return made;
  };
  let decompressor: Pointer;
  return {
    kind: 'native',
    compressInto(dst, src, effort) {
      const compressor = compressors.get(effort) ?? compressorOf(effort);
      const n = api.compress(compressor, dst, dst.length, src, src.length);
      if (!isError(n)) return Number(n);
      if (2n ** 64n - BigInt(n) === tooSmall) return -1;
      throw new HoldfastError('failed', 'zstd could not compress a block of data');
    },
    decompressInto(dst, src) {
      decompressor ??= api.createDCtx();
      const n = api.decompress(decompressor, dst, dst.length, src, src.length);
      if (isError(n)) throw damaged('it is no whole zstd frame');
      return Number(n);
    },
  };
}

export const nodeZstd: Zstd = {
  kind: 'node',
  compressInto(dst, src, effort) {
    const out = zstdCompressSync(src, {
      params: stableParameters(effort),
      pledgedSrcSize: src.length,
    });
    if (out.length > dst.length) return -1;
    dst.set(out);
    return out.length;
  },
  decompressInto(dst, src) {
    let out: Uint8Array;
    try {
      out = zstdDecompressSync(src, { maxOutputLength: Math.max(1, dst.length) });
    } catch (error) {
      throw damaged(error instanceof Error ? error.message.toLowerCase() : 'it is no whole zstd frame');
    }
    dst.set(out);
    return out.length;
  },
};

const zstd: Zstd = nativeZstd() ?? nodeZstd;

export const { kind: zstdKind, compressInto, decompressInto } = zstd;

/** The most bytes that compressing `n` bytes can give (ZSTD_COMPRESSBOUND). */
export function compressBound(n: number): number {
  return n + (n >>> 8) + (n < 131072 ? (131072 - n) >>> 11 : 0) + 64;
}

/** One frame in an array of its own. */
export function compress(src: Uint8Array, effort: Effort): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(compressBound(src.length));
  return out.slice(0, compressInto(out, src, effort));
}

/**
 * The content size of one frame, or of several in a row, by what their headers state; -1 when one states none.
 * Nothing is decompressed. Code `corrupt` when these are no whole frames.
 */
export function frameContentSize(frames: Uint8Array): number {
  let total = 0;
  let at = 0;
  do {
    const { size, end } = readFrame(frames, at);
    if (size < 0) return -1;
    total += size;
    at = end;
  } while (at < frames.length);
  return total;
}

/** What the frame at `start` states as its content's size (-1 for nothing), and where it ends. */
function readFrame(bytes: Uint8Array, start: number): { size: number; end: number } {
  const byte = (at: number): number => bytes[at] ?? cutOff();
  if (
    byte(start) !== 0x28 ||
    byte(start + 1) !== 0xb5 ||
    byte(start + 2) !== 0x2f ||
    byte(start + 3) !== 0xfd
  ) {
    throw damaged('it does not begin as a zstd frame');
  }
  const descriptor = byte(start + 4);
  const single = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (single ? 1 : 0) : 1 << sizeFlag;
  let at = start + 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  let size = sizeBytes === 0 ? -1 : sizeBytes === 2 ? 256 : 0;
  for (let i = 0; i < sizeBytes; i++) size += byte(at + i) * 256 ** i;
  at += sizeBytes;
  for (let last = false; !last;) {
    const block = byte(at) + byte(at + 1) * 256 + byte(at + 2) * 65_536;
    last = (block & 1) !== 0;
    // a block of one repeated byte holds that byte alone
    at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
  }
  if ((descriptor & 4) !== 0) at += 4;
  return at > bytes.length ? cutOff() : { size, end: at };
}

function cutOff(): never {
  throw damaged('it is cut off');
}

/**
 * The content of one frame in an array of its own. `limit` bounds what a hostile frame can make this allocate.
 * Code `corrupt`.
 */
export function decompress(src: Uint8Array, limit = 2 ** 31): Uint8Array<ArrayBuffer> {
  const size = frameContentSize(src);
  if (size > limit) throw damaged(`it states a size of ${size} bytes, more than the ${limit} allowed here`);
  if (size < 0) {
    try {
      return new Uint8Array(zstdDecompressSync(src, { maxOutputLength: limit }));
    } catch (error) {
      throw damaged(error instanceof Error ? error.message.toLowerCase() : 'unknown');
    }
  }
  const out = new Uint8Array(size);
  if (decompressInto(out, src) !== size) throw damaged('it holds less than its header states');
  return out;
}
