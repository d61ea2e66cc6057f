/** One derivation of scrypt, by WebAssembly. */
import { pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { serve } from '../pool-worker.ts';
import type { ScryptCost } from './scrypt.ts';

export interface ScryptRequest {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly length: number;
  readonly cost: ScryptCost;
}

interface Exports {
  mixTwo(blocks: number, work: number, table: number, r: number, count: number): void;
}

/** The module keeps its own few bytes below this address. */
const base = 1024;
const pageSize = 65536;

serve<undefined, ScryptRequest, Uint8Array>(() => derive);

function derive({ password, salt, length, cost }: ScryptRequest): Uint8Array {
  const size = 128 * cost.r;
  const blocks = pbkdf2Sync(password, salt, 1, size * cost.p, 'sha256');
  const pages = Math.ceil((base + size * (4 + 2 * cost.N)) / pageSize);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(readFileSync(new URL('./scrypt.wasm', import.meta.url)));
  const { mixTwo } = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  const two = new Uint32Array(memory.buffer, base, (2 * size) / 4);
  // with an odd number of passes the last is made beside whatever was there before
  for (let pass = 0; pass < cost.p; pass += 2) {
    const given = new Uint8Array(blocks.subarray(pass * size, (pass + 2) * size));
    const words = new Uint32Array(given.buffer);
    toDiagonals(words, two);
    mixTwo(base, base + 2 * size, base + 4 * size, cost.r, cost.N);
    fromDiagonals(two, words);
    blocks.set(given, pass * size);
  }
  return new Uint8Array(pbkdf2Sync(password, blocks, 1, length, 'sha256'));
}

/** The order in which assembly/scrypt.ts has the 16 words of 64 bytes. */
function toDiagonals(words: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < words.length; i++) out[i] = words[(i & ~15) | ((i * 5) & 15)]!;
}

function fromDiagonals(words: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) out[(i & ~15) | ((i * 5) & 15)] = words[i]!;
}
