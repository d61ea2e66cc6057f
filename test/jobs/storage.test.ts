/** Vaults of jobs on an S3 server: whatever opens them comes from references. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { bucketPolicy } from '../../src/operations/bucket/policy.ts';
import { openBucket } from '../../src/storage/open.ts';
import { startMinio } from '../support/minio.ts';
import type { S3Server } from '../support/s3-server.ts';
import { skipWithout } from '../support/tools.ts';
import { configured } from './configured.ts';

suite('a job with vaults on S3', { skip: skipWithout('minio') }, () => {
  let server: S3Server;
  before(async () => {
    server = await startMinio({ tls: true });
  });
  after(() => server.stop());

  const yaml = (): string => `profiles:
  here:
    vaults:
      credentials: { access-key: env:KEY_ID, secret-key: 'command:echo "$KEY_SECRET"' }
      ca-files: ${server.ca}
sources:
  docs: { paths: ~/docs }
  hello: { command: echo hello, filename: hello.txt }
vaults:
  main: { repository: 's3:${server.endpoint}/jobs/main', password: file:key, create: true, profile: here }
  plain: { archive: 's3:${server.endpoint}/jobs/plain', layout: daily, profile: here }
  stable:
    archive: 's3:${server.endpoint}/stable/dumps'
    layout: latest
    versions: { count: 3, days: 2 }
    profile: here
jobs:
  stable: { sources: hello, vaults: stable }
  nightly:
    sources: [docs, hello]
    vaults: [main, plain]
    retention: { last: 2 }
    check: { read-data: true }
`;
  const env = (): Record<string, string> => ({
    KEY_ID: server.accessKey,
    KEY_SECRET: server.secretKey,
    // of another server
    AWS_ACCESS_KEY_ID: 'somebody',
    AWS_SECRET_ACCESS_KEY: 'else',
    AWS_SESSION_TOKEN: 'of that',
  });

  test('opens them with keys of its own, and keeps in both what is to be kept', async (t) => {
    const user = configured(t, yaml(), env());
    for (let i = 0; i < 3; i++) {
      const { status, stderr } = await user.jobs('nightly');
      assert.equal(status, 0, stderr);
    }
    assert.equal((await user.snapshots('main')).length, 4);
    const { stdout } = await user.run(['-r', 'plain', 'snapshots', '--json']);
    assert.equal((JSON.parse(stdout) as object[]).length, 4);
    assert.equal((await user.run(['-r', 'plain', 'check'])).status, 0);
    assert.equal((await user.run(['-r', 'main', 'dump', 'latest', 'hello.txt'])).stdout, 'hello\n');
  });

  test('sees to the history of the bucket where names are stable', async (t) => {
    const user = configured(t, yaml(), env());
    const prepare = ['bucket', 'prepare', '-r', 'stable', '--keep-versions', '3', '--keep-days', '2'];
    for (let i = 0; i < 2; i++) assert.equal((await user.jobs('stable')).status, 0);
    // what a run has set is right for who would set the same
    const { stdout } = await user.run([...prepare, '--dry-run', '--json']);
    const { settings } = JSON.parse(stdout) as { settings: { setting: string; state: string }[] };
    const states = settings.map(({ setting, state }) => `${setting} ${state}`);
    assert.deepEqual(states.slice(0, 2), ['versioning kept', 'lifecycle kept']);
  });

  test('says once a run and vault what may not be set of the bucket, and is done with status 0', async (t) => {
    const owner = { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey };
    const policy = bucketPolicy('writer', 'archive', {
      ...{ bucket: 'unprepared', prefix: 'dumps', partition: 'aws', isAws: false },
    });
    const { client } = await openBucket(`s3:${server.endpoint}/unprepared`, {
      ...{ environment: owner, caFiles: [server.ca!] },
    });
    await client.call({ method: 'PUT', key: '', action: 'create the bucket' });
    await client.close();
    const user = configured(
      t,
      `sources:
  one: { command: echo one, filename: one.txt }
  two: { command: echo two, filename: two.txt }
vaults:
  stable: { archive: 's3:${server.endpoint}/unprepared/dumps', layout: latest, ca-files: ${server.ca} }
jobs:
  both: { sources: [one, two], vaults: stable }
`,
      {
        ...owner,
        // the session is asked for outside the vault
        NODE_EXTRA_CA_CERTS: server.ca!,
        HOLDFAST_AWS_ASSUME_ROLE_ARN: 'arn:aws:iam::123456789012:role/any',
        HOLDFAST_AWS_ASSUME_ROLE_STS_ENDPOINT: server.endpoint,
        HOLDFAST_AWS_ASSUME_ROLE_POLICY: JSON.stringify(policy),
      },
    );
    const { status, stderr } = await user.jobs('both');
    assert.equal(status, 0, stderr);
    assert.equal(
      stderr.match(/warning: .*does not permit to change the setting lifecycle/g)?.length,
      1,
      stderr,
    );
  });

  test('says which key does not fit, and not what it is', async (t) => {
    const user = configured(t, yaml(), { ...env(), KEY_SECRET: 'geheim' });
    const { status, stderr } = await user.jobs('nightly');
    assert.equal(status, 1);
    assert.match(stderr, /failed: backup to main: /);
    assert.match(stderr, /failed: backup docs to plain: /);
    assert.ok(!stderr.includes('geheim'));
  });
});
