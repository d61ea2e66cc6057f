import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryStorage } from '../storage/memory.ts';
import { createFaultyStorage } from './faulty-storage.ts';
import { contentsOf, createDyingStorage, recordStorage } from './recording-storage.ts';
import { assertCode, patternBytes } from './storage-assertions.ts';
import { storageContract } from './storage-contract.ts';

storageContract('recording', async () => ({ storage: await recordStorage() }));
storageContract('faulty, without faults', async () => ({
  storage: createFaultyStorage(createMemoryStorage(), { seed: 1 }),
}));

describe('recording storage', () => {
  it('gives back the state after any operation', async () => {
    const inner = createMemoryStorage();
    await inner.write('before', patternBytes(1));
    const storage = await recordStorage(inner);
    await storage.write('a', patternBytes(2));
    await storage.write('a', patternBytes(3));
    await storage.remove('before');
    const states = await Promise.all([0, 1, 2, 3].map((count) => storage.replay(count)));
    const sizes = await Promise.all(
      states.map(async (state) =>
        [...(await contentsOf(state))].map(([name, { length }]) => `${name}:${length}`),
      ),
    );
    assert.deepEqual(sizes, [['before:1'], ['before:1', 'a:2'], ['before:1', 'a:3'], ['a:3']]);
  });

  it('does not record what failed', async () => {
    const storage = await recordStorage(createDyingStorage(createMemoryStorage(), 1));
    await storage.write('a', patternBytes(2));
    await assertCode(storage.write('b', patternBytes(2)), 'failed');
    assert.equal(storage.operations.length, 1);
  });
});

describe('dying storage', () => {
  it('does nothing any more from its last change on', async () => {
    const inner = createMemoryStorage();
    const storage = createDyingStorage(inner, 2);
    await storage.write('a', patternBytes(1));
    await storage.remove('a');
    await assertCode(storage.write('b', patternBytes(1)), 'failed');
    await assertCode(storage.read('a'), 'failed');
    await assertCode(storage.remove('a'), 'failed');
    assert.equal((await contentsOf(inner)).size, 0);
    assert.equal(storage.changes, 3);
  });
});

describe('faulty storage', () => {
  it('gives the same faults for the same seed', async () => {
    const outcomes = async (seed: number): Promise<string> => {
      const inner = createMemoryStorage();
      const storage = createFaultyStorage(inner, { seed, failures: 0.3, lostAnswers: 0.2 });
      const names = Array.from({ length: 40 }, (_, i) => `x/${i}`);
      const settled = await Promise.allSettled(names.map((name) => storage.write(name, patternBytes(3))));
      return settled.map(({ status }) => status[0]).join('') + (await contentsOf(inner)).size;
    };
    assert.equal(await outcomes(7), await outcomes(7));
    assert.notEqual(await outcomes(7), await outcomes(8));
  });
});
