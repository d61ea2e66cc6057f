/** The contract that every storage keeps: one suite, which a storage's own test file calls with a way to make one. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Storage } from '../storage/storage.ts';
import { abortedSignal, assertCode, listAll, patternBytes } from './storage-assertions.ts';
import { writeContract } from './storage-contract-write.ts';

export interface StorageUnderTest {
  readonly storage: Storage;
  /** removes what the test left behind */
  dispose?(): Promise<void>;
}

/** `make` opens an empty storage; it is called once. */
export function storageContract(title: string, make: () => Promise<StorageUnderTest>): void {
  describe(`storage contract: ${title}`, () => {
    let made: StorageUnderTest;
    const storage = (): Storage => made.storage;
    before(async () => {
      made = await make();
      await made.storage.prepare();
    });
    after(async () => {
      await made.storage.close();
      await made.dispose?.();
    });
    writeContract(storage);
    readContract(storage);
    listContract(storage);
    removeContract(storage);
  });
}

function readContract(storage: () => Storage): void {
  describe('read', () => {
    const content = patternBytes(300_000, 7);
    before(() => storage().write('read/object', content));

    it('gives the whole object in an array that owns its buffer', async () => {
      const bytes = await storage().read('read/object');
      assert.deepEqual(bytes, content);
      assert.equal(bytes.byteOffset, 0);
      assert.equal(bytes.buffer.byteLength, bytes.length);
      assert.equal(structuredClone(bytes, { transfer: [bytes.buffer] }).length, content.length);
    });

    it('gives ranges', async () => {
      for (const [offset, length] of [
        [0, 1],
        [1, 299_999],
        [299_999, 1],
        [70_000, 100_000],
        [5, 0],
      ] as const) {
        const bytes = await storage().read('read/object', { offset, length });
        assert.deepEqual(bytes, content.slice(offset, offset + length), `${offset}+${length}`);
        assert.equal(bytes.buffer.byteLength, length);
      }
      assert.deepEqual(await storage().read('read/object', { offset: 299_000 }), content.slice(299_000));
      assert.equal((await storage().read('read/object', { offset: 300_000 })).length, 0);
    });

    it('says when the object is too short for the range', async () => {
      await assertCode(storage().read('read/object', { offset: 299_999, length: 2 }), 'truncated');
      await assertCode(storage().read('read/object', { offset: 300_001 }), 'truncated');
      await assertCode(storage().read('read/object', { offset: 400_000, length: 5 }), 'truncated');
      await assertCode(
        Array.fromAsync(storage().stream('read/object', { offset: 5, length: 300_000 })),
        'truncated',
      );
    });

    it('says when there is no such object', async () => {
      await assertCode(storage().read('read/absent'), 'not-found');
      await assertCode(storage().read('absent-folder/absent', { offset: 1, length: 1 }), 'not-found');
      await assertCode(storage().stat('read/absent'), 'not-found');
      await assertCode(Array.fromAsync(storage().stream('read/absent')), 'not-found');
    });

    it('streams an object and a range', async () => {
      const pieces = await Array.fromAsync(storage().stream('read/object'));
      assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), content);
      for (const piece of pieces) assert.equal(piece.buffer.byteLength, piece.length);
      const range = await Array.fromAsync(storage().stream('read/object', { offset: 99, length: 200_000 }));
      assert.deepEqual(new Uint8Array(Buffer.concat(range)), content.slice(99, 200_099));
    });

    it('lets a reader leave a stream early', async () => {
      for await (const piece of storage().stream('read/object')) {
        assert.ok(piece.length > 0);
        break;
      }
      assert.equal((await storage().read('read/object')).length, content.length);
    });

    it('knows the size and a plausible time', async () => {
      const found = await storage().stat('read/object');
      assert.equal(found.name, 'read/object');
      assert.equal(found.size, content.length);
      if (found.modified !== undefined) assert.ok(Math.abs(found.modified - Date.now()) < 3_600_000);
    });

    it('stops when its signal aborts', async () => {
      const signal = abortedSignal;
      await assertCode(storage().read('read/object', { signal }), 'interrupted');
      await assertCode(Array.fromAsync(storage().stream('read/object', { signal })), 'interrupted');
      await assertCode(storage().stat('read/object', { signal }), 'interrupted');
    });

    it('reads many ranges at the same time', async () => {
      const offsets = Array.from({ length: 64 }, (_, i) => i * 4000);
      const found = await Promise.all(
        offsets.map((offset) => storage().read('read/object', { offset, length: 4000 })),
      );
      const hash = createHash('sha256');
      for (const bytes of found) hash.update(bytes);
      const expected = createHash('sha256').update(content.subarray(0, 256_000)).digest('hex');
      assert.equal(hash.digest('hex'), expected);
    });
  });
}

function listContract(storage: () => Storage): void {
  describe('list', () => {
    const names = ['list/a', 'list/b/c', 'list/b/d/e', 'list/ünïcode & <space>+%41', 'list2/f'];
    before(() => Promise.all(names.map((name, i) => storage().write(name, patternBytes(i * 10)))));

    it('names all objects below a folder, with their sizes', async () => {
      const found = await listAll(storage(), 'list/');
      assert.deepEqual(
        found.map(({ name, size }) => [name, size]),
        [
          ['list/a', 0],
          ['list/b/c', 10],
          ['list/b/d/e', 20],
          ['list/ünïcode & <space>+%41', 30],
        ],
      );
      assert.deepEqual(
        (await listAll(storage(), 'list/b/')).map(({ name }) => name),
        ['list/b/c', 'list/b/d/e'],
      );
    });

    it('names everything for the empty prefix', async () => {
      const found = new Set((await listAll(storage(), '')).map(({ name }) => name));
      for (const name of names) assert.ok(found.has(name), name);
    });

    it('finds an absent folder empty', async () => {
      assert.deepEqual(await listAll(storage(), 'no-such-folder/'), []);
    });

    it('stops when its signal aborts', async () => {
      await assertCode(Array.fromAsync(storage().list('list/', { signal: abortedSignal })), 'interrupted');
    });

    it('lets a reader leave early', async () => {
      for await (const object of storage().list('')) {
        assert.ok(object.size >= 0);
        break;
      }
    });
  });
}

function removeContract(storage: () => Storage): void {
  describe('remove', () => {
    it('removes, and removes what is absent without error', async () => {
      await storage().write('remove/x', patternBytes(3));
      await storage().remove('remove/x');
      await assertCode(storage().read('remove/x'), 'not-found');
      assert.deepEqual(await listAll(storage(), 'remove/'), []);
      await storage().remove('remove/x');
      await storage().remove('never/there');
    });

    it('stops when its signal aborts', async () => {
      await storage().write('remove/kept', patternBytes(3));
      await assertCode(storage().remove('remove/kept', { signal: abortedSignal }), 'interrupted');
      assert.equal((await storage().stat('remove/kept')).size, 3);
    });
  });
}
