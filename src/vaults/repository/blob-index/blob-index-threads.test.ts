/** Threads that race for the same blobs while the table grows; this file is both the test and its threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { BlobIndex, type SharedIndex } from './blob-index.ts';

interface Race {
  readonly index: SharedIndex;
  /** one word: how many threads are ready */
  readonly ready: SharedArrayBuffer;
  readonly threads: number;
  readonly thread: number;
}

interface Outcome {
  readonly claimed: number[];
  readonly mistakes: string[];
}

const names = 40_000;
const namesPerPack = 16;

/** A 32-byte id for a number; equal first words on purpose, so that probes run into each other. */
function idOf(name: number): Uint8Array {
  const id = new Uint8Array(32);
  const view = new DataView(id.buffer);
  view.setUint32(0, Math.imul(name >> 2, 0x9e3779b1), true);
  view.setUint32(4, Math.imul(name, 0x85ebca6b), true);
  view.setUint32(8, name, true);
  return id;
}

function race({ index: shared, ready, threads, thread }: Race): Outcome {
  const index = BlobIndex.attach(shared);
  const claimed: number[] = [];
  const mistakes: string[] = [];
  const pack: number[] = [];
  const store = (): void => {
    const packId = idOf(names + claimed.length * threads + thread);
    index.addPack(
      packId,
      pack.map((name) => ({ type: 'data', id: idOf(name), offset: name, length: 40, uncompressedLength: 0 })),
    );
    for (const name of pack) {
      const entry = index.find('data', idOf(name));
      if (entry < 0 || index.offsetOf(entry) !== name) mistakes.push(`${name} has the place ${entry}`);
    }
    pack.length = 0;
  };
  const counter = new Int32Array(ready);
  Atomics.add(counter, 0, 1);
  while (Atomics.load(counter, 0) < threads);
  for (let name = 0; name < names; name++) {
    const id = idOf(name);
    if (index.claim('data', id)) {
      claimed.push(name);
      pack.push(name);
      if (pack.length === namesPerPack) store();
    }
    if (index.claim('data', id)) mistakes.push(`${name} was granted when somebody had it`);
  }
  store();
  return { claimed, mistakes };
}

if (isMainThread) {
  test('each blob is claimed by exactly one of several threads', { timeout: 30_000 }, async () => {
    const index = BlobIndex.create();
    const ready = new SharedArrayBuffer(4);
    const threads = 3;
    const outcomes = await Promise.all(
      Array.from({ length: threads }, (_, thread) => {
        const data: Race = { index: index.shared, ready, threads, thread };
        const worker = new Worker(new URL(import.meta.url), { workerData: data });
        return new Promise<Outcome>((resolve, reject) =>
          worker.once('message', resolve).once('error', reject),
        );
      }),
    );
    const claimed = outcomes.flatMap((outcome) => outcome.claimed).sort((a, b) => a - b);
    assert.deepEqual(
      outcomes.flatMap((outcome) => outcome.mistakes),
      [],
    );
    assert.deepEqual(
      claimed,
      Array.from({ length: names }, (_, name) => name),
    );
    assert.equal(index.count, names);
    for (let name = 0; name < names; name++) {
      assert.equal(index.offsetOf(index.find('data', idOf(name))), name);
    }
  });
} else {
  parentPort?.postMessage(race(workerData as Race));
}
