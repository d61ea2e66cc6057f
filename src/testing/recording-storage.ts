/**
 * Records every change that a storage is asked for, in the order in which they took effect, and gives the state back
 * that a kill after any one of them would have left behind.
 */
import { HoldfastError } from '../kernel/errors.ts';
import { concatenate, walkBody } from '../storage/body.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';

export type RecordedOperation =
  | { readonly kind: 'write'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'remove'; readonly name: string };

export interface RecordingStorage extends Storage {
  readonly operations: readonly RecordedOperation[];
  /** a new storage in memory as it was after the first `count` operations; 0 is the state at the start of the recording */
  replay(count: number): Promise<Storage>;
}

/** Records what is done to `storage`, which may have objects already. */
export async function recordStorage(storage: Storage = createMemoryStorage()): Promise<RecordingStorage> {
  const start = await contentsOf(storage);
  const operations: RecordedOperation[] = [];
  return {
    location: storage.location,
    capabilities: storage.capabilities,
    operations,
    async replay(count) {
      const copy = createMemoryStorage();
      for (const [name, bytes] of start) await copy.write(name, bytes);
      for (const operation of operations.slice(0, count)) {
        if (operation.kind === 'write') await copy.write(operation.name, operation.bytes);
        else await copy.remove(operation.name);
      }
      return copy;
    },
    prepare: (how) => storage.prepare(how),
    list: (prefix, how) => storage.list(prefix, how),
    stat: (name, how) => storage.stat(name, how),
    read: (name, range) => storage.read(name, range),
    stream: (name, range) => storage.stream(name, range),
    async write(name, body, how) {
      const bytes = concatenate(await Array.fromAsync(walkBody(body), (piece) => piece.slice()));
      await storage.write(name, bytes, how);
      operations.push({ kind: 'write', name, bytes });
    },
    async remove(name, how) {
      await storage.remove(name, how);
      operations.push({ kind: 'remove', name });
    },
    close: () => storage.close(),
  };
}

/** Every object of a storage, by name. */
export async function contentsOf(storage: Storage): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for await (const { name } of storage.list('')) contents.set(name, await storage.read(name));
  return contents;
}

/**
 * A storage that dies instead of doing its `dieAt`th change, counted from 0: that call and every later one, also reads,
 * fail for good with the code `failed`. `changes` tells how many were asked for.
 */
export function createDyingStorage(storage: Storage, dieAt: number): Storage & { readonly changes: number } {
  let changes = 0;
  let dead = false;

  function assertAlive(): void {
    if (dead) throw new HoldfastError('failed', 'the storage has died for a test');
  }

  async function act<T>(work: () => Promise<T>): Promise<T> {
    assertAlive();
    const result = await work();
    assertAlive();
    return result;
  }

  async function change(work: () => Promise<void>): Promise<void> {
    assertAlive();
    if (changes++ === dieAt) dead = true;
    return act(work);
  }

  async function* walk<T>(pieces: AsyncIterable<T>): AsyncGenerator<T> {
    assertAlive();
    for await (const piece of pieces) {
      assertAlive();
      yield piece;
    }
  }

  return {
    location: storage.location,
    capabilities: storage.capabilities,
    get changes() {
      return changes;
    },
    prepare: (how) => act(() => storage.prepare(how)),
    list: (prefix, how) => walk(storage.list(prefix, how)),
    stat: (name, how) => act(() => storage.stat(name, how)),
    read: (name, range) => act(() => storage.read(name, range)),
    stream: (name, range) => walk(storage.stream(name, range)),
    write: (name, body, how) => change(() => storage.write(name, body, how)),
    remove: (name, how) => change(() => storage.remove(name, how)),
    close: () => storage.close(),
  };
}
