/** The writing half of the storage contract: bodies of every shape, atomicity, conditions, names. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Storage } from '../storage/storage.ts';
import { abortedSignal, assertCode, listAll, patternBytes } from './storage-assertions.ts';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function writeContract(storage: () => Storage): void {
  describe('write', () => {
    it('is ready after prepare, any number of times', async () => {
      await storage().prepare();
      await storage().prepare();
    });

    it('takes one piece, many pieces, and a stream', async () => {
      const content = patternBytes(200_001, 3);
      await storage().write('write/one', content);
      await storage().write('write/many', [content.subarray(0, 7), new Uint8Array(0), content.subarray(7)]);
      await storage().write('write/stream', inPieces(content, 33_333));
      const hundreds = Array.from({ length: 1300 }, (_, i) => content.subarray(i * 100, i * 100 + 100));
      await storage().write('write/hundreds', hundreds);
      for (const name of ['write/one', 'write/many', 'write/stream']) {
        assert.deepEqual(await storage().read(name), content, name);
      }
      assert.deepEqual(await storage().read('write/hundreds'), content.slice(0, 130_000));
    });

    it('takes a part of a larger buffer, and the hash that the caller knows', async () => {
      const content = patternBytes(5000, 4).subarray(1234, 4321);
      const sha256 = new Uint8Array(createHash('sha256').update(content).digest());
      await storage().write('write/part', content, { sha256 });
      assert.deepEqual(await storage().read('write/part'), content.slice());
    });

    it('takes memory that threads share', async () => {
      const content = patternBytes(300_000, 5);
      const shared = new Uint8Array(new SharedArrayBuffer(content.length + 7), 7);
      shared.set(content);
      await storage().write('write/shared', shared);
      await storage().write('write/shared-pieces', [shared.subarray(0, 100_001), shared.subarray(100_001)]);
      await storage().write('write/shared-stream', inPieces(shared, 77_777));
      for (const name of ['write/shared', 'write/shared-pieces', 'write/shared-stream']) {
        assert.deepEqual(await storage().read(name), content, name);
      }
    });

    it('takes empty objects', async () => {
      await storage().write('write/empty', new Uint8Array(0));
      await storage().write('write/empty-list', []);
      await storage().write('write/empty-stream', inPieces(new Uint8Array(0), 1));
      for (const name of ['write/empty', 'write/empty-list', 'write/empty-stream']) {
        assert.equal((await storage().read(name)).length, 0, name);
        assert.equal((await storage().stat(name)).size, 0, name);
      }
    });

    it('replaces what was there', async () => {
      await storage().write('write/again', patternBytes(100, 1));
      await storage().write('write/again', patternBytes(50, 2));
      assert.deepEqual(await storage().read('write/again'), patternBytes(50, 2));
    });

    it('does not look at pieces any more when it has resolved', async () => {
      const piece = patternBytes(1000, 9);
      await storage().write('write/reused', piece);
      piece.fill(0);
      assert.deepEqual(await storage().read('write/reused'), patternBytes(1000, 9));
    });

    it('refuses with ifAbsent what is there, and leaves it alone', async () => {
      await storage().write('write/once', patternBytes(10, 1), { ifAbsent: true });
      await assertCode(storage().write('write/once', patternBytes(20, 2), { ifAbsent: true }), 'exists');
      assert.deepEqual(await storage().read('write/once'), patternBytes(10, 1));
    });

    it('lets one of many win with ifAbsent, where the storage decides', async () => {
      if (!storage().capabilities.conditionalCreate) return;
      const outcomes = await Promise.allSettled(
        [1, 2, 3, 4].map((seed) => storage().write('write/race', patternBytes(10, seed), { ifAbsent: true })),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    it('leaves nothing when its stream fails', async () => {
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield patternBytes(100_000);
        throw new Error('the source broke');
      }
      await assert.rejects(storage().write('broken/new', failing()), /the source broke/);
      await assertCode(storage().stat('broken/new'), 'not-found');
      await storage().write('broken/old', patternBytes(5));
      await assert.rejects(storage().write('broken/old', failing()), /the source broke/);
      assert.equal((await storage().stat('broken/old')).size, 5);
      assert.deepEqual(
        (await listAll(storage(), 'broken/')).map(({ name }) => name),
        ['broken/old'],
      );
    });

    it('stops when its signal aborts, before and in the midst', async () => {
      await assertCode(
        storage().write('aborted/early', patternBytes(5), { signal: abortedSignal }),
        'interrupted',
      );
      const controller = new AbortController();
      async function* aborting(): AsyncGenerator<Uint8Array> {
        yield patternBytes(100_000);
        controller.abort(new Error('the test aborts'));
        yield patternBytes(100_000);
      }
      await assertCode(
        storage().write('aborted/late', aborting(), { signal: controller.signal }),
        'interrupted',
      );
      assert.deepEqual(await listAll(storage(), 'aborted/'), []);
    });

    it('refuses names that could leave its root', async () => {
      for (const name of ['', '/etc/x', '../x', 'a/../../x', 'a//b', './a', 'a/', 'a\0b']) {
        await assertCode(storage().write(name, patternBytes(1)), 'usage');
        await assertCode(storage().read(name), 'usage');
        await assertCode(storage().remove(name), 'usage');
      }
    });
  });
}
