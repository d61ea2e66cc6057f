/** The printed policies on real servers: each role can do what it is for, and nothing else. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bucketPolicy, bucketRoles } from '../../src/operations/bucket/policy.ts';
import type { BucketRole, Policy } from '../../src/operations/bucket/policy.ts';
import { bucketPurposes } from '../../src/operations/bucket/purpose.ts';
import type { BucketPurpose } from '../../src/operations/bucket/purpose.ts';
import { openBucket, openStorage } from '../../src/storage/open.ts';
import { ensureVersioning } from '../../src/storage/s3/settings/versioning.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { assertCode, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { cheapenKey } from '../support/cheap-key.ts';
import { startMinio } from '../support/minio.ts';
import { startRadosgw, type Radosgw } from '../support/radosgw.ts';
import { runProgram, type RunResult } from '../support/program.ts';
import { holdfast, holdfastBin, type RepositoryAccess } from '../support/restic.ts';
import type { S3Server } from '../support/s3-server.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const policyFor = (role: BucketRole, purpose: BucketPurpose): Policy =>
  bucketPolicy(role, purpose, { bucket: purpose, prefix: 'some/place', partition: 'aws', isAws: false });

/** Variables that make somebody of a role, and of nobody else. */
type Become = (role: BucketRole, purpose: BucketPurpose) => Record<string, string>;

function roles(title: string, skip: string | false, start: () => Promise<[S3Server, Become]>): void {
  describe(`policies on ${title}`, { skip }, () => {
    let server: S3Server;
    let become: Become;
    let owner: Record<string, string>;
    before(async () => {
      [server, become] = await start();
      owner = keysOf(server);
    });
    after(() => server.stop());

    const storageOf = (role: BucketRole | undefined, purpose: BucketPurpose, below = ''): Promise<Storage> =>
      openStorage(`s3:${server.endpoint}/${purpose}/some/place${below}`, {
        environment: role === undefined ? owner : become(role, purpose),
      });

    it('archives: a writer adds, and neither reads nor deletes; a reader reads alone', async () => {
      const own = await storageOf(undefined, 'archive');
      const reader = await storageOf('reader', 'archive');
      await own.write('old/dump.gz', patternBytes(100));
      const may: Record<BucketRole, string> = {
        reader: 'list read',
        writer: 'list write',
        pruner: 'list remove',
        auditor: 'list',
      };
      for (const role of bucketRoles) {
        const storage = await storageOf(role, 'archive');
        const allowed = new Set(may[role].split(' '));
        const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
          if (allowed.has(what)) await work();
          else await assertCode(work(), 'forbidden');
        };
        await attempt('list', () => listAll(storage, 'old/'));
        await attempt('read', () => storage.read('old/dump.gz'));
        await attempt('write', () => storage.write(`new/${role}`, patternBytes(10)));
        await attempt('write', () => storage.write('old/dump.gz', patternBytes(100, 2)));
        await attempt('write', () => storage.write('new/large', [patternBytes(66 << 20)]));
        // nor what it has written itself
        if (role === 'writer') await assertCode(storage.read('new/writer'), 'forbidden');
        await own.write('old/more', patternBytes(1));
        await attempt('remove', () => storage.remove('old/more'));
        // not as the owner: on this gateway what a writer has written is the writer's
        assert.equal((await reader.stat('old/dump.gz')).size, 100);
        await storage.close();
        // and nothing beside the prefix
        const beside = await storageOf(role, 'archive', '-not');
        await assertCode(beside.write('x', patternBytes(1)), 'forbidden');
        await assertCode(beside.read('x'), 'forbidden');
        await beside.close();
      }
      await own.close();
      await reader.close();
    });

    it('archives: each role does its verbs', async (t) => {
      const folder = tempFolder(t);
      writeFileSync(join(folder, 'file'), 'text');
      const as = (role: BucketRole): ReturnType<typeof holdfast> =>
        holdfast({
          repository: `archive:s3:${server.endpoint}/archive/some/place/files`,
          password: 'p',
          env: { ...nobody, ...become(role, 'archive') },
        });
      const flags = ['--layout', 'dated', '--encode', 'gzip'];
      for (let i = 0; i < 2; i++) await as('writer').run(['backup', 'file', ...flags], { cwd: folder });
      const count = async (): Promise<number> =>
        ((await as('reader').json(['snapshots', ...flags.slice(0, 2)])) as unknown[]).length;
      assert.equal(await count(), 2);
      const { stderr } = await as('writer').run(['dump', 'latest'], { expect: 1 });
      assert.match(stderr, /does not permit/);
      await as('reader').run(['check']);
      const pruned = await as('pruner').run(['dump', 'latest', ...flags.slice(0, 2)], { expect: 1 });
      assert.match(pruned.stderr, /does not permit/);
      await as('pruner').run(['forget', '--keep-last', '1', '--layout', 'dated']);
      assert.equal(await count(), 1);
    });

    it('archives: a pruner removes by the manifests of each layout, and opens no backup', async () => {
      for (const layout of ['daily', 'latest'] as const) {
        const as = (role: BucketRole): ReturnType<typeof holdfast> =>
          holdfast({
            repository: `archive:s3:${server.endpoint}/archive/some/place/pruned-${layout}`,
            password: 'p',
            env: { ...nobody, ...become(role, 'archive') },
          });
        const stream = ['--stdin', '--stdin-filename', 'shop.sql', '--host', 'db', '--layout', layout];
        await as('writer').run(['backup', ...stream], { input: 'monday\n' });
        const { stderr } = await as('pruner').run(['dump', 'latest'], { expect: 1 });
        assert.match(stderr, /does not permit/);
        const [made] = (await as('pruner').json(['snapshots'])) as { id: string }[];
        await as('pruner').run(['forget', made!.id]);
        await as('reader').run(['dump', made!.id], { expect: 10 });
      }
    });

    it('archives: a job of a writer goes without retention, and says so', async (t) => {
      const folder = tempFolder(t);
      const config = join(folder, 'holdfast.yaml');
      const run = (retention: string, expect: number): Promise<RunResult> => {
        writeFileSync(
          config,
          `sources: { s: { command: echo hello, filename: s.txt, host: db } }
vaults: { d: { archive: 's3:${server.endpoint}/archive/some/place/job-${expect}', layout: dated } }
jobs: { j: { sources: s, vaults: d${retention} } }
`,
        );
        const env = { ...nobody, ...become('writer', 'archive'), HOLDFAST_STATE_DIR: folder };
        return runProgram(process.execPath, [holdfastBin, '--config', config, 'run', 'j'], { env, expect });
      };
      await run('', 0);
      const { stderr } = await run(', retention: { last: 1 }', 1);
      assert.match(stderr, /failed: retention s to d: .*does not permit/);
      assert.match(stderr, /\(the role writer\) go without retention .*`holdfast forget`/);
    });

    it('archives: a writer replaces files of stable names, and says what it cannot see', async () => {
      const as = (role: BucketRole): ReturnType<typeof holdfast> =>
        holdfast({
          repository: `archive:s3:${server.endpoint}/archive/some/place/stable`,
          password: 'p',
          env: { ...nobody, ...become(role, 'archive') },
        });
      const { client } = await openBucket(`s3:${server.endpoint}/archive`, { environment: owner });
      await ensureVersioning(client);
      await client.close();
      const stream = ['--stdin', '--stdin-filename', 'shop.sql', '--host', '', '--layout', 'latest'];
      const first = await as('writer').run(['backup', ...stream], { input: 'monday\n' });
      assert.doesNotMatch(first.stderr, /not checked/);
      const second = await as('writer').run(['backup', ...stream], { input: 'tuesday\n' });
      assert.match(second.stderr, /manifest\.json may not be read.*of the same source is not checked/);
      assert.equal((await as('reader').run(['dump', 'latest'])).stdout, 'tuesday\n');
      await as('reader').run(['check']);
      const snapshots = (await as('reader').json(['snapshots'])) as { id: string; older?: true }[];
      const [older, current] = snapshots;
      assert.deepEqual([older?.older, current?.older], [true, undefined]);
      assert.equal((await as('reader').run(['dump', older!.id])).stdout, 'monday\n');
    });

    it('repositories: each role does its verbs', async (t) => {
      const folder = tempFolder(t);
      const access = (role: BucketRole | undefined): RepositoryAccess => ({
        repository: `s3:${server.endpoint}/repository/some/place`,
        password: 'p',
        env: { ...nobody, ...(role === undefined ? owner : become(role, 'repository')) },
      });
      const as = (role: BucketRole | undefined): ReturnType<typeof holdfast> => holdfast(access(role));
      const refused = async (role: BucketRole, ...args: string[]): Promise<void> => {
        const { stderr } = await as(role).run(args, { cwd: folder, expect: [1, 3] });
        assert.match(stderr, /does not permit|could not be removed/, `${role} ${args.join(' ')}`);
      };
      await as(undefined).run(['init']);
      await cheapenKey(access(undefined));
      for (const text of ['one', 'two']) {
        writeFileSync(join(folder, 'file'), text);
        await as('writer').run(['backup', 'file'], { cwd: folder });
      }
      await refused('writer', 'forget', '--keep-last', '1');
      await refused('reader', 'backup', 'file');
      await refused('reader', 'forget', '--keep-last', '1');
      await as('reader').run(['restore', 'latest', '--no-lock', '--target', join(folder, 'back')]);
      await as('reader').run(['check', '--read-data', '--no-lock']);
      await as('pruner').run(['forget', '--keep-last', '1', '--prune']);
      await refused('auditor', 'snapshots', '--no-lock');
      const audited = await storageOf('auditor', 'repository');
      assert.ok((await listAll(audited, 'data/')).length > 0);
      await audited.close();
      assert.equal(((await as('reader').json(['snapshots', '--no-lock'])) as unknown[]).length, 1);
    });

    it('auditors read the settings, and change none', async () => {
      const environment = become('auditor', 'archive');
      const { client } = await openBucket(`s3:${server.endpoint}/archive/some/place`, { environment });
      const query = [['versioning', '']] as const;
      await client.call({ method: 'GET', key: '', action: 'read versioning', query });
      const xml = '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>';
      await assertCode(client.call({ ...put(xml), action: 'change versioning', query }), 'forbidden');
      await client.close();
    });
  });
}

/** No other keys of this machine's. */
const nobody = { AWS_PROFILE: undefined, AWS_SESSION_TOKEN: undefined };

async function makeBuckets(server: S3Server, policies?: (purpose: BucketPurpose) => object): Promise<void> {
  for (const purpose of bucketPurposes) {
    const { client } = await openBucket(`s3:${server.endpoint}/${purpose}`, { environment: keysOf(server) });
    await client.call({ method: 'PUT', key: '', action: 'create the bucket' });
    if (policies !== undefined) {
      const query = [['policy', '']] as const;
      const call = { ...put(JSON.stringify(policies(purpose))), action: 'set the policy', query };
      await client.call(call);
    }
    await client.close();
  }
}

/** Users of the gateway, to whom the policies are granted by that of the bucket. */
roles('radosgw', skipWithout('radosgw'), async () => {
  const server: Radosgw = await startRadosgw();
  await using stopping = new AsyncDisposableStack();
  stopping.defer(() => server.stop());
  const keys = new Map<BucketRole, Record<string, string>>();
  for (const role of bucketRoles) {
    const { accessKey, secretKey } = await server.addUser(role);
    keys.set(role, { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey });
  }
  await makeBuckets(server, (purpose) => ({
    Version: '2012-10-17',
    Statement: bucketRoles.flatMap((role) =>
      policyFor(role, purpose).Statement.map((statement) => ({
        ...statement,
        Sid: `${role}${statement.Sid}`,
        Principal: { AWS: [`arn:aws:iam:::user/${role}`] },
      })),
    ),
  }));
  stopping.move();
  return [server, (role) => keys.get(role)!];
});

/** Sessions of MinIO's that a policy narrows, as a role of Amazon's does. */
roles('MinIO', skipWithout('minio'), async () => {
  const server = await startMinio();
  await using stopping = new AsyncDisposableStack();
  stopping.defer(() => server.stop());
  await makeBuckets(server);
  const become: Become = (role, purpose) => ({
    ...keysOf(server),
    HOLDFAST_AWS_ASSUME_ROLE_ARN: 'arn:aws:iam::123456789012:role/any',
    HOLDFAST_AWS_ASSUME_ROLE_STS_ENDPOINT: server.endpoint,
    HOLDFAST_AWS_ASSUME_ROLE_POLICY: JSON.stringify(policyFor(role, purpose)),
  });
  stopping.move();
  return [server, become];
});

function keysOf(server: S3Server): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey };
}

function put(text: string): {
  method: 'PUT';
  key: '';
  body: Buffer[];
  length: number;
  headers: Record<string, string>;
  payloadHash: string;
} {
  const body = Buffer.from(text);
  return {
    ...{ method: 'PUT', key: '', body: [body], length: body.length },
    headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
    payloadHash: createHash('sha256').update(body).digest('hex'),
  };
}
