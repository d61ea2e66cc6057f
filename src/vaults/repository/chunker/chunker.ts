/**
 * Cuts a stream of bytes into chunks at places that its content chooses, so that equal stretches become equal
 * blobs wherever they lie. The bytes are read straight into WebAssembly memory and scanned there.
 */
import { readFileSync } from 'node:fs';
import { HoldfastError } from '../../../kernel/errors.ts';
import { bitLength, polynomialDegree, rabinTables } from './rabin-tables.ts';
import { fastKeys } from './fast-keys.ts';

/** `rabin` cuts exactly where restic does; `fast` scans many times faster and deduplicates with itself alone. */
export type ChunkerKind = 'rabin' | 'fast';

/** Chunks are never shorter than this, the last one of a stream excepted. */
export const minChunkSize = 512 * 1024;
/** Chunks are never longer than this. */
export const maxChunkSize = 8 * 1024 * 1024;

export interface Chunker {
  /** The input window, in WebAssembly memory: callers read file bytes straight into it. */
  readonly buffer: Uint8Array;
  /** Forgets a half-scanned chunk. To be called before a new stream begins. */
  reset(): void;
  /**
   * The end of the chunk that begins at `start`, where `buffer[start, end)` holds the bytes known so far.
   * Returns -1 when more input is needed; call again with the same chunk (it may have been moved within the
   * buffer) and more bytes behind it: what was scanned is not scanned again. `last` says that the stream ends
   * at `end`. A cut does not depend on how the input is portioned.
   */
  next(start: number, end: number, last: boolean): number;
}

/** Where the input window begins in WebAssembly memory; the tables lie before it. */
const inputBase = 65536;
/** V8 changes to optimised code between calls only, so one call scans no more than this. */
const sliceSize = 256 * 1024;
const pageSize = 65536;
/** Bytes that a scan may read behind its last place. */
const overread = 64;

interface Exports {
  /** first address in first..last (included) before which a chunk may end, 0 when there is none */
  scan(first: number, last: number): number;
}

const modules = new Map<ChunkerKind, WebAssembly.Module>();

/** A chunker for one thread. `windowSize` is the size of its buffer in bytes, at least maxChunkSize. */
export function createChunker(kind: ChunkerKind, polynomial: bigint, windowSize = 2 * maxChunkSize): Chunker {
  if (bitLength(polynomial) !== polynomialDegree + 1) {
    throw new HoldfastError(
      'unsupported',
      `the chunker polynomial ${polynomial.toString(16)} is not of degree 53`,
    );
  }
  const pages = Math.ceil((inputBase + windowSize + overread) / pageSize);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  if (kind === 'rabin') {
    const tables = rabinTables(polynomial);
    new BigUint64Array(memory.buffer, 0, 256).set(tables.reduce);
    new BigUint64Array(memory.buffer, 2048, 256).set(tables.leave);
  } else {
    new Uint8Array(memory.buffer).set(fastKeys(polynomial));
  }
  const { scan } = new WebAssembly.Instance(compile(kind), { env: { memory } }).exports as unknown as Exports;
  const buffer = new Uint8Array(memory.buffer, inputBase, windowSize);
  /** the shortest length of the present chunk that has not been tried yet */
  let untried = minChunkSize;

  return {
    buffer,
    reset() {
      untried = minChunkSize;
    },
    next(start, end, last) {
      const base = inputBase + start;
      const length = end - start;
      const limit = Math.min(length, maxChunkSize);
      while (untried <= limit) {
        const stop = Math.min(untried + sliceSize - 1, limit);
        const found = scan(base + untried, base + stop);
        if (found !== 0) {
          untried = minChunkSize;
          return found - inputBase;
        }
        untried = stop + 1;
      }
      if (length >= maxChunkSize || (last && length > 0)) {
        untried = minChunkSize;
        return start + limit;
      }
      return -1;
    },
  };
}

function compile(kind: ChunkerKind): WebAssembly.Module {
  const known = modules.get(kind);
  if (known) return known;
  const url = new URL(`./${kind}.wasm`, import.meta.url);
  try {
    const module = new WebAssembly.Module(readFileSync(url));
    modules.set(kind, module);
    return module;
  } catch (cause) {
    throw new HoldfastError('failed', `the chunker ${kind}.wasm cannot be loaded`, {
      hint: 'run `npm run build`, or install the package again',
      cause,
    });
  }
}
