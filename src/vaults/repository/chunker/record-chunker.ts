/**
 * Cuts streams of rows (lines) into small blocks at row ends, so that a changed row changes its own block alone. Counts
 * the rows on the way and sums up a checksum of them in which their order has no say.
 */
import { readFileSync } from 'node:fs';
import { HoldfastError } from '../../../kernel/errors.ts';
import { recordKeys } from './record-keys.ts';

/** What passed through a record chunker. */
export interface RecordTally {
  /** lines */
  readonly rows: number;
  /** the sum of a 64-bit hash of each line, whatever their order */
  readonly checksum: bigint;
  readonly bytes: number;
}

/** Whole blocks, as they were cut. */
export interface RecordSlab {
  /** in memory that other threads may read as it is */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** the end of each block in `bytes`, ascending */
  readonly ends: Uint32Array<ArrayBuffer>;
}

export interface RecordChunker {
  /** Begins a new stream in blocks of about so many bytes. */
  start(blockSize: number): void;
  /** Where the next bytes of the stream are to be written: not empty. */
  room(): Uint8Array;
  /** Says that `count` bytes were written there. Answers with blocks when there are enough of them. */
  advance(count: number): RecordSlab | undefined;
  /** The stream is over: what is left of it. */
  end(): RecordSlab | undefined;
  tally(): RecordTally;
}

/** Blocks go to a worker thread in slabs of at least this: together with what is read next they fit into a cache. */
const slabSize = 512 * 1024;
/** So much behind a slab goes to the beginning of the window, which is warm. */
const smallRest = 64 * 1024;
/** A longer row is cut in itself, into pieces of this size. A multiple of 8. */
const longRow = 1024 * 1024;
/** Of smaller blocks the table of cuts could not hold a window's. */
const smallestBlock = 512;
const windowSize = slabSize + 2 * longRow;
/** V8 changes to optimised code between calls only, so one call scans no more than this. */
const sliceSize = 256 * 1024;

// Addresses in records.wasm.
const at = {
  shortest: 32,
  longest: 36,
  steepness: 40,
  longRow: 48,
  rows: 56,
  checksum: 64,
  start: 88,
  cuts: 92,
};
const cutTable = 1024;
const inputBase = 65536;
const pageSize = 65536;
/** Bytes that a scan may read behind its last place. */
const overread = 64;

interface Exports {
  scan(at: number, end: number): number;
  takePiece(at: number, end: number): void;
  takeLast(at: number, end: number): void;
}

/** A chunker for one stream at a time. `takeMemory` gives an array for the bytes of a slab. */
export function createRecordChunker(
  polynomial: bigint,
  takeMemory: (size: number) => Uint8Array<SharedArrayBuffer> = (size) =>
    new Uint8Array(new SharedArrayBuffer(size)),
): RecordChunker {
  const pages = Math.ceil((inputBase + windowSize + overread) / pageSize);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { scan, takePiece, takeLast } = new WebAssembly.Instance(load(), { env: { memory } })
    .exports as unknown as Exports;
  const state = new DataView(memory.buffer);
  const window = new Uint8Array(memory.buffer, inputBase, windowSize);
  new Uint8Array(memory.buffer).set(recordKeys(polynomial));
  const cuts = new Uint32Array(memory.buffer, cutTable);
  /** the window: [slabStart, scanned) is cut or in the present block, [scanned, end) is to be scanned */
  let slabStart = 0;
  let scanned = 0;
  let end = 0;
  let bytes = 0;

  const blockStart = () => state.getUint32(at.start, true) - inputBase;

  /** Scans what is there. */
  function scanOn(): void {
    while (scanned < end) {
      const stop = Math.min(end, scanned + Math.max(sliceSize, longRow + 1));
      const reached = scan(inputBase + scanned, inputBase + stop) - inputBase;
      const stuck = reached === scanned;
      scanned = reached;
      if (!stuck) continue;
      if (stop - scanned <= longRow) return;
      takePiece(inputBase + scanned, inputBase + scanned + longRow);
      scanned += longRow;
    }
  }

  /** Moves what no slab has had to the beginning of the window. */
  function moveToStart(): void {
    window.copyWithin(0, slabStart, end);
    state.setUint32(at.start, blockStart() - slabStart + inputBase, true);
    scanned -= slabStart;
    end -= slabStart;
    slabStart = 0;
  }

  function takeSlab(): RecordSlab | undefined {
    const count = state.getUint32(at.cuts, true);
    if (count === 0) return undefined;
    const start = slabStart;
    const length = blockStart() - start;
    const slab = takeMemory(length);
    // `set` takes half as long again where memory is shared
    Buffer.from(memory.buffer).copy(slab, 0, inputBase + start, inputBase + start + length);
    const ends = new Uint32Array(count);
    for (let i = 0; i < count; i++) ends[i] = cuts[i]! - inputBase - start;
    state.setUint32(at.cuts, 0, true);
    slabStart = start + length;
    if (end - slabStart <= smallRest) moveToStart();
    return { bytes: slab, ends };
  }

  return {
    start(blockSize) {
      const target = Math.max(smallestBlock, blockSize);
      const shortest = Math.ceil((target * 5) / 8);
      state.setUint32(at.shortest, shortest, true);
      state.setUint32(at.longest, Math.min(4 * target, longRow), true);
      state.setFloat64(at.steepness, 2 ** 32 / (target - shortest), true);
      state.setUint32(at.longRow, longRow, true);
      new Uint8Array(memory.buffer, at.rows, 40).fill(0);
      state.setUint32(at.start, inputBase, true);
      slabStart = scanned = end = bytes = 0;
    },
    room() {
      if (end === window.length) moveToStart();
      return window.subarray(end);
    },
    advance(count) {
      end += count;
      bytes += count;
      scanOn();
      const full = blockStart() - slabStart >= slabSize || end === window.length;
      return full ? takeSlab() : undefined;
    },
    end() {
      takeLast(inputBase + scanned, inputBase + end);
      scanned = end;
      if (blockStart() < end) {
        const count = state.getUint32(at.cuts, true);
        cuts[count] = inputBase + end;
        state.setUint32(at.cuts, count + 1, true);
        state.setUint32(at.start, inputBase + end, true);
      }
      return takeSlab();
    },
    tally: () => ({
      rows: Number(state.getBigUint64(at.rows, true)),
      checksum: state.getBigUint64(at.checksum, true),
      bytes,
    }),
  };
}

let module: WebAssembly.Module | undefined;

function load(): WebAssembly.Module {
  try {
    return (module ??= new WebAssembly.Module(readFileSync(new URL('./records.wasm', import.meta.url))));
  } catch (cause) {
    throw new HoldfastError('failed', 'the chunker records.wasm cannot be loaded', {
      hint: 'run `npm run build`, or install the package again',
      cause,
    });
  }
}
