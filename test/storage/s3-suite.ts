/** What every real S3 server is asked besides the contract: large objects in parts, and clear sentences for refusals. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Storage } from '../../src/storage/storage.ts';
import { assertCode, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import type { S3Server } from '../support/s3-server.ts';
import { freePort } from '../support/server.ts';
import { openBucket } from './s3-fixture.ts';

export function largeObjects(title: string, server: () => S3Server): void {
  describe(`s3 on ${title}: large objects`, () => {
    const mebi = 1 << 20;
    const block = patternBytes(mebi, 11);
    let storage: Storage;
    before(async () => {
      storage = openBucket(server(), { bucket: 'large', partSize: 5 * mebi, multipartFrom: 6 * mebi });
      await storage.prepare();
    });
    after(() => storage.close());

    it('writes pieces and streams in parts, and reads them by ranges', async () => {
      const pieces = Array.from({ length: 13 }, () => block);
      await storage.write('pieces', pieces);
      await storage.write(
        'stream',
        (async function* () {
          yield* pieces;
        })(),
      );
      for (const name of ['pieces', 'stream']) {
        assert.equal((await storage.stat(name)).size, 13 * mebi);
        assert.deepEqual(
          await storage.read(name, { offset: 4.5 * mebi, length: mebi / 2 }),
          block.slice(mebi / 2),
        );
        let at = 0;
        for await (const piece of storage.stream(name)) {
          assert.ok(
            Buffer.from(piece).equals(
              Buffer.concat([block, block, block, block, block, block, block, block]).subarray(
                0,
                piece.length,
              ),
            ),
          );
          at += piece.length;
        }
        assert.equal(at, 13 * mebi);
      }
    });

    it('takes all parts back when the stream fails', async () => {
      await assert.rejects(
        storage.write(
          'failing',
          (async function* () {
            for (let i = 0; i < 7; i++) yield block;
            throw new Error('the source broke');
          })(),
        ),
        /the source broke/,
      );
      await assertCode(storage.stat('failing'), 'not-found');
      assert.deepEqual(
        (await listAll(storage, '')).map(({ name }) => name).filter((name) => name === 'failing'),
        [],
      );
    });

    it('takes all parts back when it is interrupted', async () => {
      const controller = new AbortController();
      await assertCode(
        storage.write(
          'interrupted',
          (async function* () {
            for (let i = 0; i < 30; i++) {
              if (i === 8) controller.abort(new Error('enough'));
              yield block;
            }
          })(),
          { signal: controller.signal },
        ),
        'interrupted',
      );
      await assertCode(storage.stat('interrupted'), 'not-found');
    });

    it('refuses with ifAbsent what is there, also in parts', async () => {
      await storage.write(
        'once',
        Array.from({ length: 7 }, () => block),
        { ifAbsent: true },
      );
      await assertCode(
        storage.write(
          'once',
          Array.from({ length: 8 }, () => block),
          { ifAbsent: true },
        ),
        'exists',
      );
      assert.equal((await storage.stat('once')).size, 7 * mebi);
    });
  });
}

export function sentences(title: string, server: () => S3Server): void {
  describe(`s3 on ${title}: clear sentences`, () => {
    async function refused(
      storage: Storage,
      code: Parameters<typeof assertCode>[1],
      ...texts: RegExp[]
    ): Promise<void> {
      for (const work of [() => storage.read('x'), () => storage.stat('x'), () => listAll(storage, '')]) {
        const error = await assertCode(work(), code);
        for (const text of texts) assert.match(`${error.message}; ${error.hint}`, text);
        assert.equal(error.retryable, false, error.message);
      }
      await storage.close();
    }

    it('names a wrong access key', () =>
      refused(
        openBucket(server(), { accessKey: 'nobody' }),
        'bad-credentials',
        /does not know the access key/,
      ));

    it('names a wrong secret key', () =>
      refused(openBucket(server(), { secretKey: 'wrong' }), 'bad-credentials', /AWS_SECRET_ACCESS_KEY/));

    it('names a missing bucket', async () => {
      const storage = openBucket(server(), { bucket: 'no-such-bucket' });
      for (const work of [
        () => storage.read('x'),
        () => listAll(storage, ''),
        () => storage.write('x', patternBytes(3)),
        () => storage.remove('x'),
      ]) {
        const error = await assertCode(work(), 'no-bucket');
        assert.match(error.message, /no bucket no-such-bucket on 127\.0\.0\.1/);
      }
      await storage.close();
    });

    it('names what is not permitted', async () => {
      const storage = openBucket(server(), { bucket: 'private' });
      await storage.prepare();
      await storage.write('x', patternBytes(3));
      await storage.close();
      const stranger = openBucket(server(), {
        bucket: 'private',
        settings: { 'unsafe-anonymous-auth': 'true' },
      });
      await refused(stranger, 'forbidden', /does not permit/, /policies/);
    });

    it('names a server that is not there', async () => {
      const nobody = { ...server(), endpoint: `http://127.0.0.1:${await freePort()}` };
      const storage = openBucket(nobody);
      const error = await assertCode(storage.read('x'), 'unreachable');
      assert.match(error.message, /127\.0\.0\.1:\d+ cannot be reached: nothing listens there/);
      assert.equal(error.retryable, true);
      await storage.close();
      const unknown = openBucket({ ...server(), endpoint: 'http://no-such-host.invalid:9000' });
      await assertCode(unknown.read('x'), 'unreachable');
      await unknown.close();
    });
  });
}
