import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/kernel/clock.ts';
import { assertCode, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { storageContract } from '../../src/testing/storage-contract.ts';
import { startMinio } from '../support/minio.ts';
import type { S3Server } from '../support/s3-server.ts';
import { openBucket } from './s3-fixture.ts';
import { largeObjects, lockedBuckets, sentences } from './s3-suite.ts';

let server: S3Server;
before(async () => {
  server = await startMinio();
});
after(() => server.stop());

storageContract('s3 on MinIO', async () => ({ storage: openBucket(server, { bucket: 'contract' }) }));
storageContract('s3 on MinIO, in parts', async () => ({
  storage: openBucket(server, { bucket: 'parts', prefix: 'a/b c', multipartFrom: 1, partSize: 5 << 20 }),
}));
storageContract('s3 on MinIO, listed by version 1, at the root of the bucket', async () => ({
  storage: openBucket(server, { bucket: 'version1', prefix: '', settings: { 'list-objects-v1': 'true' } }),
}));

largeObjects('MinIO', () => server);
lockedBuckets('MinIO', () => server);
sentences('MinIO', () => server);

describe('s3 on MinIO', () => {
  it('is known to decide conditions', async () => {
    const storage = openBucket(server, { bucket: 'conditions' });
    await storage.prepare();
    assert.equal(storage.capabilities.conditionalCreate, true);
    await storage.close();
  });

  it('names clocks that differ', async () => {
    const ahead = { ...systemClock, now: () => Date.now() + 3_600_000 };
    const storage = openBucket(server, { clock: ahead });
    const error = await assertCode(storage.read('x'), 'clock-skew');
    assert.match(error.message, /clock is 60 minutes ahead of the clock of 127\.0\.0\.1/);
    await storage.close();
  });

  it('works with the keys of a role', async () => {
    const storage = openBucket(server, {
      bucket: 'role',
      environment: {
        RESTIC_AWS_ASSUME_ROLE_ARN: 'arn:aws:iam::123456789012:role/any',
        RESTIC_AWS_ASSUME_ROLE_STS_ENDPOINT: server.endpoint,
      },
    });
    await storage.prepare();
    await storage.write('x', patternBytes(5));
    assert.equal((await storage.stat('x')).size, 5);
    await storage.close();
  });

  it('lists thousands of objects over several pages', async () => {
    const storage = openBucket(server, { bucket: 'pages' });
    await storage.prepare();
    const names = Array.from({ length: 2100 }, (_, i) => `many/${String(i).padStart(5, '0')}`);
    await Promise.all(names.map((name) => storage.write(name, patternBytes(1))));
    assert.deepEqual(
      (await listAll(storage, 'many/')).map(({ name }) => name),
      names,
    );
    const version1 = openBucket(server, { bucket: 'pages', settings: { 'list-objects-v1': '1' } });
    assert.equal((await listAll(version1, 'many/')).length, names.length);
    await storage.close();
    await version1.close();
  });
});

describe('s3 in a region that the server insists on', () => {
  let regional: S3Server;
  before(async () => {
    regional = await startMinio({ region: 'eu-west-7' });
  });
  after(() => regional.stop());

  it('finds the region out when nobody names it', async () => {
    const storage = openBucket(regional);
    await storage.prepare();
    await storage.write('x', patternBytes(5));
    assert.equal((await storage.stat('x')).size, 5);
    await storage.close();
    const again = openBucket(regional);
    assert.equal((await again.stat('x')).size, 5);
    await again.close();
  });

  it('names a wrong region, and the right one', async () => {
    const storage = openBucket(regional, { settings: { region: 'us-west-2' } });
    for (const work of [() => storage.read('x'), () => storage.stat('x'), () => storage.prepare()]) {
      const error = await assertCode(work(), 'wrong-region');
      assert.match(error.message, /in the region eu-west-7, not in us-west-2/);
      assert.match(error.hint ?? '', /s3\.region=eu-west-7/);
    }
    await storage.close();
  });
});

describe('s3 over TLS', () => {
  let secure: S3Server;
  before(async () => {
    secure = await startMinio({ tls: true });
  });
  after(() => secure.stop());

  it('trusts an authority of the user’s, given by an option or by AWS_CA_BUNDLE', async () => {
    const large = patternBytes(3_000_000, 5);
    for (const options of [
      { bucket: 'option' },
      { bucket: 'variable', caFiles: [], environment: { AWS_CA_BUNDLE: secure.ca! } },
    ]) {
      const storage = openBucket(secure, options);
      await storage.prepare();
      await storage.write('large', large);
      await storage.write('small', patternBytes(9));
      assert.deepEqual(await storage.read('large'), large);
      assert.deepEqual(await storage.read('small'), patternBytes(9));
      await storage.close();
    }
  });

  it('trusts it also where the keys of a role come from', async () => {
    const role = {
      RESTIC_AWS_ASSUME_ROLE_ARN: 'arn:aws:iam::123456789012:role/any',
      RESTIC_AWS_ASSUME_ROLE_STS_ENDPOINT: secure.endpoint,
    };
    for (const options of [
      { environment: role },
      { caFiles: [], environment: { ...role, AWS_CA_BUNDLE: secure.ca! } },
    ]) {
      const storage = openBucket(secure, { bucket: 'role', ...options });
      await storage.prepare();
      await storage.write('x', patternBytes(5));
      await storage.close();
    }
    const storage = openBucket(secure, { bucket: 'role', caFiles: [], environment: role });
    const error = await assertCode(storage.read('x'), 'bad-credentials');
    assert.match(error.message, /certificate/);
    await storage.close();
  });

  it('says that a certificate is not trusted, and what to do', async () => {
    const storage = openBucket(secure, { caFiles: [] });
    const error = await assertCode(storage.read('x'), 'unreachable');
    assert.match(error.message, /certificate is not trusted/);
    assert.match(error.hint ?? '', /--cacert/);
    assert.equal(error.retryable, false);
    await storage.close();
  });

  it('says that TLS is spoken on one side only', async () => {
    const plainToTls = openBucket({ ...secure, endpoint: secure.endpoint.replace('https', 'http') });
    assert.equal(
      ((await plainToTls.read('x').catch((error: unknown) => error as { hint: string })) as { hint: string })
        .hint.length > 0,
      true,
    );
    await plainToTls.close();
    const tlsToPlain = openBucket({ ...server, endpoint: server.endpoint.replace('http', 'https') });
    const error = await assertCode(tlsToPlain.read('x'), 'unreachable');
    assert.match(`${error.message} ${error.hint}`, /TLS/);
    await tlsToPlain.close();
  });
});
