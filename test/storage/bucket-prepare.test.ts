/** A bucket is prepared on real servers: what is right stays, other rules stay, and what a server does not know is told. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { assertPrepared, prepareBucket, purposeOf } from '../../src/operations/bucket/prepare.ts';
import type { BucketWishes } from '../../src/operations/bucket/prepare.ts';
import { openBucket, openStorage } from '../../src/storage/open.ts';
import type { S3Client } from '../../src/storage/s3/client.ts';
import type { SettingOutcome } from '../../src/storage/s3/settings/setting.ts';
import { startMinio } from '../support/minio.ts';
import { startRadosgw } from '../support/radosgw.ts';
import type { S3Server } from '../support/s3-server.ts';
import { skipWithout } from '../support/tools.ts';

const archive: BucketWishes = { prefix: 'db/', purpose: 'archive', skip: new Set() };

interface Expected {
  readonly title: string;
  readonly start: () => Promise<S3Server>;
  readonly skip: string | false;
  /** what the server makes of the rule for archives */
  readonly rule: RegExp;
  readonly noRule: RegExp;
  readonly missing: string;
  readonly unknown: readonly string[];
}

const servers: Expected[] = [
  {
    title: 'MinIO',
    start: startMinio,
    skip: skipWithout('minio'),
    rule: /<NoncurrentDays>1<.*<NewerNoncurrentVersions>45</s,
    noRule: /AbortIncompleteMultipartUpload/,
    missing: 'it does not remove aborted uploads by a rule',
    unknown: ['encryption', 'public access'],
  },
  {
    title: 'radosgw',
    start: startRadosgw,
    skip: skipWithout('radosgw'),
    rule: /<NoncurrentDays>45<.*<DaysAfterInitiation>7</s,
    // it would take the one day, and not the 45 versions
    noRule: /<NoncurrentDays>1</,
    missing: 'it does not count old versions, and keeps them for 45 days instead',
    unknown: ['encryption'],
  },
];

for (const expected of servers) {
  describe(`bucket prepare on ${expected.title}`, { skip: expected.skip }, () => {
    let server: S3Server;
    before(async () => {
      server = await expected.start();
    });
    after(() => server.stop());

    const open = async (bucket: string): Promise<S3Client> =>
      (await openBucket(`s3:${server.endpoint}/${bucket}/db`, { environment: keysOf(server) })).client;

    it('makes a bucket and its settings, and changes nothing the second time', async () => {
      const client = await open('fresh');
      const planned = await prepareBucket(client, archive, { dryRun: true });
      assert.deepEqual(planned, { created: true, outcomes: [] });
      const first = await prepareBucket(client, archive);
      assert.equal(first.created, true);
      assertPrepared(first, 'fresh');
      const states = stateOf(first.outcomes);
      assert.equal(states['versioning'], 'changed');
      assert.equal(states['lifecycle'], 'changed');
      for (const name of ['encryption', 'public access']) {
        assert.equal(states[name], expected.unknown.includes(name) ? 'unknown' : 'changed', name);
      }
      const rules = await readRules(client);
      assert.match(rules, expected.rule);
      assert.match(rules, /<ExpiredObjectDeleteMarker>true</);
      assert.doesNotMatch(rules, expected.noRule);

      for (const dryRun of [true, false]) {
        const again = await prepareBucket(client, archive, { dryRun });
        assert.equal(again.created, false);
        for (const { setting, state, missing } of again.outcomes) {
          if (dryRun && expected.unknown.includes(setting)) continue;
          assert.equal(state, expected.unknown.includes(setting) ? 'unknown' : 'kept', setting);
          if (setting === 'lifecycle') assert.equal(missing, expected.missing);
        }
      }
      assert.equal(await readRules(client), rules);
      await client.close();
    });

    it('leaves other rules as they are, and brings its own back', async () => {
      const client = await open('rules');
      await client.call({ method: 'PUT', key: '', action: 'create the bucket' });
      const foreign =
        '<Rule><ID>theirs &amp; old</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule>';
      await writeRules(client, foreign);
      const before = ruleNamed(await readRules(client), 'theirs');
      await prepareBucket(client, archive);
      await prepareBucket(client, { ...archive, prefix: 'other/' });
      assert.equal(ruleNamed(await readRules(client), 'theirs'), before);
      assert.equal((await readRules(client)).match(/<Rule>/g)?.length, 3);

      // somebody changes ours
      const spoilt = (await readRules(client)).replaceAll(/<NoncurrentDays>\d+</g, '<NoncurrentDays>2<');
      await writeRules(client, spoilt.match(/<Rule>.*<\/Rule>/s)![0]);
      const planned = await prepareBucket(client, archive, { dryRun: true });
      assert.equal(stateOf(planned.outcomes)['lifecycle'], 'changed');
      assert.match(await readRules(client), /<NoncurrentDays>2</);
      const mended = await prepareBucket(client, archive);
      assert.equal(stateOf(mended.outcomes)['lifecycle'], 'changed');
      assert.match(ruleNamed(await readRules(client), 'holdfast db/')!, expected.rule);
      assert.equal(ruleNamed(await readRules(client), 'theirs'), before);
      await client.close();
    });

    it('keeps old versions of a repository by days alone', async () => {
      const client = await open('repository');
      assert.equal(await purposeOf(client, undefined), 'archive');
      const storage = await openStorage(`s3:${server.endpoint}/repository/db`, {
        environment: keysOf(server),
      });
      await storage.prepare();
      await storage.write('config', new Uint8Array(5));
      assert.equal(await purposeOf(client, undefined), 'repository');
      await prepareBucket(client, { ...archive, purpose: 'repository' });
      const rule = ruleNamed(await readRules(client), 'holdfast db/')!;
      assert.match(rule, /<NoncurrentDays>30</);
      assert.doesNotMatch(rule, /NewerNoncurrentVersions/);
      await storage.close();
      await client.close();
    });

    it('locks objects, and makes no lock weaker', async () => {
      const client = await open('locked');
      const lock = { mode: 'governance', days: 2 } as const;
      const first = await prepareBucket(client, { ...archive, lock });
      assert.equal(stateOf(first.outcomes)['object lock'], 'changed');
      const weaker = await prepareBucket(client, { ...archive, lock: { ...lock, days: 1 } });
      assert.equal(stateOf(weaker.outcomes)['object lock'], 'kept');
      await client.close();

      const old = await open('rules');
      const late = await prepareBucket(old, { ...archive, lock });
      const outcome = late.outcomes.find(({ setting }) => setting === 'object lock');
      assert.match(outcome?.state ?? '', /refused|unknown/);
      assert.throws(() => assertPrepared(late, 'rules'), { code: 'incomplete', message: /: object lock$/ });
      await old.close();
    });

    it('is kept right by a storage on every run', async () => {
      const storage = await openStorage(`s3:${server.endpoint}/runs/daily`, { environment: keysOf(server) });
      await storage.prepare();
      const wish = { count: 45, days: 1 };
      const first = await storage.keepVersions!(wish);
      assert.deepEqual(
        first.map(({ kind }) => kind),
        ['changed', 'changed', 'missing'],
      );
      const second = await storage.keepVersions!(wish);
      assert.deepEqual(
        second.map(({ kind }) => kind),
        ['missing'],
      );
      assert.match(second[0]!.text, new RegExp(expected.missing));
      await storage.write('a', new Uint8Array(1));
      await storage.write('a', new Uint8Array(2));
      await storage.close();
    });
  });
}

function keysOf(server: S3Server): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey };
}

function stateOf(outcomes: readonly SettingOutcome[]): Record<string, string> {
  return Object.fromEntries(outcomes.map(({ setting, state }) => [setting, state]));
}

async function readRules(client: S3Client): Promise<string> {
  const query = [['lifecycle', '']] as const;
  const { body } = await client.call({ method: 'GET', key: '', action: 'read rules', query });
  return Buffer.from(body).toString();
}

async function writeRules(client: S3Client, rules: string): Promise<void> {
  const body = Buffer.from(`<LifecycleConfiguration>${rules}</LifecycleConfiguration>`);
  await client.call({
    ...{ method: 'PUT', key: '', action: 'write rules', query: [['lifecycle', '']] },
    ...{ body: [body], length: body.length },
    headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
    payloadHash: createHash('sha256').update(body).digest('hex'),
  });
}

function ruleNamed(xml: string, name: string): string | undefined {
  return (xml.match(/<Rule>.*?<\/Rule>/gs) ?? []).find((rule) => rule.includes(`<ID>${name}`));
}
