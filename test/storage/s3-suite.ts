/** What every real S3 server is asked besides the contract: large objects in parts, and clear sentences for refusals. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/kernel/clock.ts';
import { createS3Client } from '../../src/storage/s3/client.ts';
import { createDispatcher } from '../../src/storage/http/connect.ts';
import { cachedCredentials } from '../../src/storage/s3/credentials.ts';
import { createEndpoint } from '../../src/storage/s3/endpoint.ts';
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

/** Buckets that keep every version for a time demand a checksum of each write. */
export function lockedBuckets(title: string, server: () => S3Server): void {
  describe(`s3 on ${title}: a bucket with object lock`, () => {
    it('takes what is written whole and in parts', async () => {
      await makeLockedBucket(server(), 'locked');
      const storage = openBucket(server(), { bucket: 'locked', partSize: 5 << 20, multipartFrom: 6 << 20 });
      await storage.write('whole', patternBytes(1000));
      await storage.write('parts', [patternBytes(7 << 20)]);
      assert.equal((await storage.stat('whole')).size, 1000);
      assert.equal((await storage.stat('parts')).size, 7 << 20);
      await storage.remove('whole');
      await assertCode(storage.read('whole'), 'not-found');
      await storage.close();
    });
  });
}

async function makeLockedBucket(server: S3Server, bucket: string): Promise<void> {
  const { host } = new URL(server.endpoint);
  const location = { kind: 's3', endpoint: host, secure: false, bucket, prefix: '' } as const;
  const endpoint = createEndpoint(location, { lookup: 'path', region: server.region, defaultUrl: undefined });
  const connection = { secure: false, connections: 1, caFiles: [], systemAuthorities: false };
  const client = createS3Client({
    bucket,
    endpoint,
    credentials: cachedCredentials(
      async () => ({ accessKeyId: server.accessKey, secretAccessKey: server.secretKey }),
      systemClock,
    ),
    dispatcher: createDispatcher({ ...connection, timeout: 10_000 }),
    clock: systemClock,
    limits: {},
    userAgent: 'test',
  });
  const lock = { 'x-amz-bucket-object-lock-enabled': 'true' };
  await client.call({ method: 'PUT', key: '', action: 'create the bucket', headers: lock });
  const body = Buffer.from(
    '<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled>' +
      '<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>',
  );
  await client.call({
    method: 'PUT',
    key: '',
    action: 'set the lock',
    query: [['object-lock', '']],
    headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
    body: [body],
    length: body.length,
    payloadHash: createHash('sha256').update(body).digest('hex'),
  });
  await client.close();
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
