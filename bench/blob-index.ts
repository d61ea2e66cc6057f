/**
 * Opens a generated index and prints what it costs: time to load, bytes of memory for a blob, time of a lookup.
 *
 *   node bench/blob-index.ts [BLOBS, default 10 million] [THREADS, default one for each processor]
 */
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobIndex } from '../src/vaults/repository/blob-index/blob-index.ts';
import { loadIndex, type StoredIndex } from '../src/vaults/repository/blob-index/load-index.ts';
import { encodeIndex } from '../src/vaults/repository/format/index-file.ts';
import type { PackBlob } from '../src/vaults/repository/format/pack.ts';
import { newMasterKey } from '../src/vaults/repository/format/seal.ts';
import { sealFile, type SealContext } from '../src/vaults/repository/sealed-file.ts';

const blobsPerFile = 50_000;
const blobsPerPack = 20;

const blobs = Number(process.argv[2] ?? 10_000_000);
const threads = Number(process.argv[3] ?? availableParallelism());
const folder = mkdtempSync(join(tmpdir(), 'blob-index-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true });
}

async function main(): Promise<void> {
  const sealing: SealContext = { key: newMasterKey(), version: 2 };
  const files: StoredIndex[] = [];
  const known: Uint8Array[] = [];
  for (let made = 0; made < blobs; made += blobsPerFile) {
    const id = String(files.length).padStart(64, '0');
    const sealed = sealFile(sealing, encodeIndex(makePacks(Math.min(blobsPerFile, blobs - made), known)));
    writeFileSync(join(folder, id), sealed);
    files.push({ id, size: sealed.length });
  }
  const stored = files.reduce((sum, { size }) => sum + size, 0);
  print(
    `${blobs} blobs in ${files.length} index files, ${(stored / blobs).toFixed(1)} bytes stored for each`,
  );

  const before = process.memoryUsage().rss;
  const start = performance.now();
  const index = await loadIndex(files, { sealing, threads, read: (id) => readFile(join(folder, id)) });
  const seconds = (performance.now() - start) / 1000;
  print(
    `loaded by ${threads} threads in ${seconds.toFixed(2)} s, ${((seconds * 1e6) / blobs).toFixed(2)} µs a blob`,
  );
  print(`table ${(index.byteLength / index.count).toFixed(1)} bytes a blob`);
  print(`process grew by ${((process.memoryUsage().rss - before) / index.count).toFixed(1)} bytes a blob`);
  measureLookups(index, known);
}

/** Packs of `count` blobs; every hundredth id is kept in `known`. */
function makePacks(count: number, known: Uint8Array[]): { id: Uint8Array; blobs: PackBlob[] }[] {
  const ids = randomFillSync(new Uint8Array(32 * count));
  const sizes = randomFillSync(new Uint32Array(count));
  const packs: { id: Uint8Array; blobs: PackBlob[] }[] = [];
  let offset = 0;
  for (let i = 0; i < count; i++) {
    if (i % blobsPerPack === 0) {
      packs.push({ id: randomFillSync(new Uint8Array(32)), blobs: [] });
      offset = 0;
    }
    const id = ids.subarray(32 * i, 32 * i + 32);
    const uncompressedLength = 1000 + (sizes[i]! % 2_000_000);
    const length = uncompressedLength >>> 1;
    packs
      .at(-1)!
      .blobs.push({ type: i % 10 === 0 ? 'tree' : 'data', id, offset, length, uncompressedLength });
    offset += length;
    if (i % 100 === 1) known.push(id.slice());
  }
  return packs;
}

function measureLookups(index: BlobIndex, known: readonly Uint8Array[]): void {
  const ids = new Uint8Array(32 * known.length);
  for (const [i, id] of known.entries()) ids.set(id, 32 * i);
  measureLookup('found', index, ids, known.length);
  measureLookup('missed', index, ids.reverse(), 0);
}

function measureLookup(what: string, index: BlobIndex, ids: Uint8Array, expected: number): void {
  const lookups = ids.length / 32;
  let nanoseconds = Infinity;
  // The best of several rounds: the first ones warm the compiler.
  for (let rounds = 2 + Math.ceil(1e6 / lookups); rounds > 0; rounds--) {
    let found = 0;
    const start = performance.now();
    for (let at = 0; at < ids.length; at += 32) if (index.find('data', ids, at) >= 0) found++;
    nanoseconds = Math.min(nanoseconds, ((performance.now() - start) * 1e6) / lookups);
    if (found !== expected) throw new Error(`${found} of ${lookups} blobs found`);
  }
  print(`${what} in ${nanoseconds.toFixed(0)} ns`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
