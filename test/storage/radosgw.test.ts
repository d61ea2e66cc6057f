import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { storageContract } from '../../src/testing/storage-contract.ts';
import { startRadosgw } from '../support/radosgw.ts';
import type { S3Server } from '../support/s3-server.ts';
import { openBucket } from './s3-fixture.ts';
import { largeObjects, lockedBuckets, sentences } from './s3-suite.ts';

let server: S3Server;
before(async () => {
  server = await startRadosgw();
});
after(() => server.stop());

storageContract('s3 on radosgw', async () => ({ storage: openBucket(server, { bucket: 'contract' }) }));
storageContract('s3 on radosgw, in parts', async () => ({
  storage: openBucket(server, { bucket: 'parts', prefix: 'a/b c', multipartFrom: 1, partSize: 5 << 20 }),
}));

largeObjects('radosgw', () => server);
lockedBuckets('radosgw', () => server);
sentences('radosgw', () => server);

describe('s3 on radosgw', () => {
  it('takes a region that it does not know', async () => {
    const storage = openBucket(server, { bucket: 'elsewhere', settings: { region: 'eu-central-1' } });
    await storage.prepare();
    await storage.write('x', new Uint8Array(3));
    assert.equal((await storage.stat('x')).size, 3);
    await storage.close();
  });
});
