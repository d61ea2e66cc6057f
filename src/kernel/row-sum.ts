/** Counts rows (lines) and sums up their hashes at the pace of memory; kernel/row-hash.ts says what the hash is. */
import { readFileSync } from 'node:fs';
import { HoldfastError } from './errors.ts';

export interface RowSum {
  /** Takes the next bytes, wherever they are cut. */
  update(bytes: Uint8Array): void;
  /** The stream is over, whose last row may lack its line feed. The next one may begin. */
  end(): { readonly rows: number; readonly checksum: bigint };
}

// Addresses in row-sum.wasm.
const at = { sum: 0, rows: 8, count: 32, table: 1024, stateEnd: 40 };
const inputBase = 65536;
/** Bytes; a longer row is taken in pieces of this size, a multiple of 8. */
const windowSize = 4 * 65536;
const pageSize = 65536;

interface Exports {
  scan(at: number, end: number): number;
  takePiece(at: number, end: number): void;
  takeLast(at: number, end: number): void;
}

/** `onHashes` is given the hash of every row, many at a time, which are valid until it returns. */
export function createRowSum(onHashes?: (hashes: BigUint64Array) => void): RowSum {
  // a scan may read a little behind its last place
  const pages = (inputBase + windowSize) / pageSize + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { scan, takePiece, takeLast } = new WebAssembly.Instance(load(), { env: { memory } })
    .exports as unknown as Exports;
  const state = new DataView(memory.buffer);
  const window = new Uint8Array(memory.buffer, inputBase, windowSize);
  let end = 0;

  function handOver(): void {
    const count = state.getUint32(at.count, true);
    if (count === 0) return;
    onHashes?.(new BigUint64Array(memory.buffer, at.table, count));
    state.setUint32(at.count, 0, true);
  }

  /** Takes the whole rows in the window, and leaves room in it. */
  function takeRows(): void {
    let start = 0;
    for (;;) {
      const reached = scan(inputBase + start, inputBase + end) - inputBase;
      handOver();
      if (reached === start) break;
      start = reached;
    }
    if (start === 0 && end === windowSize) {
      takePiece(inputBase, inputBase + end);
      end = 0;
    } else {
      window.copyWithin(0, start, end);
      end -= start;
    }
  }

  return {
    update(bytes) {
      for (let from = 0; from < bytes.length;) {
        const count = Math.min(windowSize - end, bytes.length - from);
        window.set(bytes.subarray(from, from + count), end);
        end += count;
        from += count;
        takeRows();
      }
    },
    end() {
      takeLast(inputBase, inputBase + end);
      handOver();
      const rows = Number(state.getBigUint64(at.rows, true));
      const checksum = state.getBigUint64(at.sum, true);
      new Uint8Array(memory.buffer, 0, at.stateEnd).fill(0);
      end = 0;
      return { rows, checksum };
    },
  };
}

let module: WebAssembly.Module | undefined;

function load(): WebAssembly.Module {
  try {
    return (module ??= new WebAssembly.Module(readFileSync(new URL('./row-sum.wasm', import.meta.url))));
  } catch (cause) {
    throw new HoldfastError('failed', 'row-sum.wasm cannot be loaded', {
      hint: 'run `npm run build`, or install the package again',
      cause,
    });
  }
}
