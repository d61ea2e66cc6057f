/** Stable names on a bucket: every run sees to it that older versions stay, and go in time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStorage } from '../../src/storage/open.ts';
import { startMinio } from '../support/minio.ts';
import { holdfast } from '../support/restic.ts';
import { skipWithout } from '../support/tools.ts';

test('stable names on MinIO', { skip: skipWithout('minio') }, async (t) => {
  const server = await startMinio();
  t.after(() => server.stop());
  const location = `s3:${server.endpoint}/infinite/db`;
  const env = { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey };
  const program = holdfast({ repository: `archive:${location}`, password: '', env });
  const backup = [
    'backup',
    '--layout',
    'latest',
    '--stdin',
    '--stdin-filename',
    'infinite-prod.sql',
    '--host',
    '',
  ];
  const first = await program.run(backup, { input: 'monday\n' });
  assert.match(first.stderr, /versioning of the bucket infinite/);
  assert.match(first.stderr, /the newest 45 old versions stay/);
  await using stack = new AsyncDisposableStack();
  const storage = await openStorage(location, { environment: env });
  stack.defer(() => storage.close());
  const changed = async (): Promise<string[]> =>
    (await storage.keepVersions!({ count: 45, days: 1 }))
      .filter(({ kind }) => kind === 'changed')
      .map(({ text }) => text);
  assert.deepEqual(await changed(), []);

  // somebody changes it, and the next run mends it
  await storage.keepVersions!({ count: 3, days: 9 });
  const second = await program.run(backup, { input: 'tuesday\n' });
  assert.match(second.stderr, /the newest 45 old versions stay/);
  assert.deepEqual(await changed(), []);
  const third = await program.run(backup, { input: 'wednesday\n' });
  assert.doesNotMatch(third.stderr, /versions stay/);
  assert.equal((await program.run(['dump', 'latest'])).stdout, 'wednesday\n');
  const names = await Array.fromAsync(storage.list(''), ({ name }) => name);
  assert.deepEqual(names.toSorted(), ['infinite-prod.sql.gz', 'infinite-prod.sql.gz.manifest.json']);
});
