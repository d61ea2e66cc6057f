/** S3 through a real proxy in front of MinIO, by the variables that restic reads; restic goes the same way. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertCode, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { startMinio } from '../support/minio.ts';
import { startProxy, type TestProxy } from '../support/proxy.ts';
import { holdfast, restic } from '../support/restic.ts';
import { s3Access, type S3Server } from '../support/s3-server.ts';
import { freePort } from '../support/server.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { openBucket } from './s3-fixture.ts';

const skip = skipWithout('minio', 'restic', 'openssl');

for (const tls of [false, true]) {
  const variable = tls ? 'HTTPS_PROXY' : 'HTTP_PROXY';

  describe(`s3 ${tls ? 'with' : 'without'} TLS through ${variable}`, { skip }, () => {
    let minio: S3Server;
    /** the same server under the name that the proxy alone knows */
    let server: S3Server;
    let open: TestProxy;
    let closed: TestProxy;
    before(async () => {
      minio = await startMinio({ tls });
      server = { ...minio, endpoint: minio.endpoint.replace('127.0.0.1', 's3.test') };
      open = await startProxy();
      closed = await startProxy('me:p@ss');
    });
    after(async () => {
      await open.stop();
      await closed.stop();
      await minio.stop();
    });

    const bucketThrough = (environment: Record<string, string>, on = server) =>
      openBucket(on, { bucket: 'proxied', environment, multipartFrom: 6 << 20, partSize: 5 << 20 });

    it('writes, reads, lists and removes', async () => {
      open.seen.length = 0;
      const storage = bucketThrough({ [variable]: `http://${open.address}` });
      await storage.prepare();
      const large = patternBytes(11 << 20);
      await Promise.all([storage.write('large', large), storage.write('small', patternBytes(9))]);
      assert.deepEqual(await storage.read('large'), large);
      assert.deepEqual(await storage.read('small', { offset: 2, length: 3 }), patternBytes(9).slice(2, 5));
      assert.equal((await listAll(storage, '')).length, 2);
      await storage.remove('large');
      assert.equal((await listAll(storage, '')).length, 1);
      await storage.close();
      const { host, origin } = new URL(server.endpoint);
      const expected = tls ? `CONNECT ${host}` : `PUT ${origin}`;
      assert.ok(open.seen.includes(expected), open.seen.join('\n'));
      assert.ok(open.seen.every((line) => line.endsWith(tls ? host : origin)));
    });

    it('gives name and password to a proxy that wants them', async () => {
      const storage = bucketThrough({ [variable]: `http://me:p%40ss@${closed.address}` });
      await storage.prepare();
      await storage.write('x', patternBytes(5));
      assert.deepEqual(await storage.read('x'), patternBytes(5));
      await storage.close();
      const nameless = bucketThrough({ [variable]: closed.address });
      const error = await assertCode(nameless.read('x'), 'forbidden');
      assert.match(error.message, /the proxy 127\.0\.0\.1:\d+ wants a name and a password/);
      assert.equal(error.retryable, false);
      await nameless.close();
    });

    it('names a proxy that is not there, and one that cannot go on', async () => {
      const port = await freePort();
      const absent = bucketThrough({ [variable]: `http://127.0.0.1:${port}` });
      const error = await assertCode(absent.read('x'), 'unreachable');
      assert.match(
        error.message,
        new RegExp(`s3.test:\\d+ through the proxy 127.0.0.1:${port} .*nothing listens`),
      );
      await absent.close();
      const dead = server.endpoint.replace(/\d+$/, String(port));
      const beyond = bucketThrough({ [variable]: open.address }, { ...server, endpoint: dead });
      const failed = await assertCode(beyond.read('x'), 'unreachable');
      assert.match(failed.message, /502/);
      assert.equal(failed.retryable, true);
      await beyond.close();
    });

    it('asks no proxy for what NO_PROXY names, nor for this machine', async () => {
      open.seen.length = 0;
      const proxied = { [variable]: `http://${open.address}` };
      const excepted = bucketThrough({ ...proxied, NO_PROXY: 'other.test,.test' });
      await assertCode(excepted.read('x'), 'unreachable');
      await excepted.close();
      const here = bucketThrough(proxied, minio);
      await here.prepare();
      await here.close();
      assert.deepEqual(open.seen, []);
    });

    it('takes both programs to the same repository', async (t) => {
      const folder = tempFolder(t, 'holdfast-proxy');
      mkdirSync(join(folder, 'tree'));
      writeFileSync(join(folder, 'tree', 'file'), 'content');
      const { repository, env } = s3Access(server, 'programs', 'p');
      const certificate = server.ca === undefined ? {} : { RESTIC_CACERT: server.ca };
      const access = {
        repository,
        password: 'test',
        env: { ...env, ...certificate, [variable]: `http://me:p%40ss@${closed.address}`, NO_PROXY: '' },
      };
      closed.seen.length = 0;
      await restic(access).run(['init']);
      const theirs = closed.seen.length;
      assert.ok(theirs > 0);
      await holdfast(access).run(['backup', 'tree'], { cwd: folder });
      assert.ok(closed.seen.length > theirs);
      await restic(access).run(['check', '--read-data']);
      const forms = new Set(closed.seen.map((line) => line.split(' ')[0] === 'CONNECT'));
      assert.deepEqual([...forms], [tls], 'both ask the proxy in the same way');
    });
  });
}
