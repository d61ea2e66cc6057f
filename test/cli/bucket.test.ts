/** `holdfast bucket`: what it prints, what it changes, and its statuses. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startMinio } from '../support/minio.ts';
import { nodeFlags } from '../support/node-flags.ts';
import { jsonLines, runProgram, type RunOptions, type RunResult } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import type { S3Server } from '../support/s3-server.ts';
import { skipWithout } from '../support/tools.ts';

const nobody = { AWS_PROFILE: undefined, AWS_ENDPOINT_URL: undefined, AWS_ENDPOINT_URL_S3: undefined };

function run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const env = { HOLDFAST_REPOSITORY: undefined, RESTIC_REPOSITORY: undefined, ...nobody, ...options.env };
  return runProgram(process.execPath, [...nodeFlags, holdfastBin, 'bucket', ...args], { ...options, env });
}

interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

async function policy(...args: string[]): Promise<readonly Statement[]> {
  const { stdout } = await run(['policy', ...args]);
  const parsed = JSON.parse(stdout) as { Version: string; Statement: Statement[] };
  assert.equal(parsed.Version, '2012-10-17');
  return parsed.Statement;
}

describe('bucket prepare', { skip: skipWithout('minio') }, () => {
  let server: S3Server;
  let env: Record<string, string>;
  before(async () => {
    server = await startMinio();
    env = { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey };
  });
  after(() => server.stop());

  it('tells what it would do, does it once, and says what the server does not know', async () => {
    const location = `archive:s3:${server.endpoint}/backups/db`;
    const plan = await run(['prepare', location, '--dry-run'], { env });
    assert.match(plan.stdout, /bucket backups, below db\/ \(for an archive\)/);
    assert.match(plan.stdout, /would be made/);
    const first = await run(['prepare', location], { env });
    assert.match(first.stdout, / {2}versioning: off -> on\n/);
    assert.match(
      first.stdout,
      /lifecycle: no rule -> the newest 45 old versions stay, others go after 1 day/,
    );
    assert.match(first.stdout, /encryption: 127\.0\.0\.1:\d+ does not know it/);
    assert.match(first.stdout, /public access: 127\.0\.0\.1:\d+ does not know it/);
    assert.match(first.stdout, /on 127\.0\.0\.1:\d+: it does not remove aborted uploads by a rule/);
    const second = await run(['prepare', location], { env });
    assert.match(second.stdout, /versioning: on \(as it was\)/);
    assert.doesNotMatch(second.stdout, /->/);
    const skipped = ['--skip', 'encryption,public-access', '--skip', 'lifecycle'];
    const third = await run(['prepare', location, ...skipped, '--json'], { env });
    const [told] = jsonLines(third.stdout);
    assert.deepEqual(told?.['settings'], [{ setting: 'versioning', state: 'kept', detail: 'on' }]);
  });

  it('takes the location of -r, and refuses what is no bucket', async () => {
    const { stdout } = await run(
      ['prepare', '-r', `s3:${server.endpoint}/other`, '--for', 'repository', '--dry-run'],
      { env },
    );
    assert.match(stdout, /bucket other \(for a repository\)/);
    for (const args of [
      ['/folder'],
      [],
      ['s3:http://h/b', '--skip', 'all'],
      ['s3:http://h/b', '--keep-days', '0'],
    ]) {
      await run(['prepare', ...args], { env, expect: 1 });
    }
  });
});

describe('bucket policy', () => {
  it('prints the least that each role needs', async () => {
    const writer = await policy('--role', 'writer', 'archive:s3://backups/db');
    const allowed = (statements: readonly Statement[]): string[] =>
      statements.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => Action);
    const actions = allowed(writer);
    assert.ok(actions.includes('s3:PutObject'));
    assert.ok(!actions.some((action) => /GetObject|Delete|\*/.test(action)));
    assert.ok(writer.some(({ Resource }) => Resource[0] === 'arn:aws:s3:::backups/db/*'));
    const reader = await policy('--role', 'reader', 's3:eu-west-1/backups');
    assert.ok(!allowed(reader).some((action) => /Put|Delete|Abort/.test(action)));
    const keeper = await policy('--role', 'writer', 's3:https://host/backups/repo');
    const removing = keeper.filter(
      ({ Effect, Action }) => Effect === 'Allow' && Action.includes('s3:DeleteObject'),
    );
    assert.deepEqual(removing[0]?.Resource, ['arn:aws:s3:::backups/repo/locks/*']);
    assert.equal(removing.length, 1);
  });

  it('knows Amazon from others', async () => {
    const asks = async (location: string): Promise<boolean> =>
      (await policy('--role', 'auditor', location)).some(({ Action }) =>
        Action.includes('s3:GetEncryptionConfiguration'),
      );
    assert.equal(await asks('s3://backups/db'), true);
    assert.equal(await asks('s3:https://s3.example.com/backups/db'), false);
    const china = await policy('--role', 'auditor', 's3:s3.cn-north-1.amazonaws.com.cn/backups');
    assert.ok(china.every(({ Resource }) => Resource[0]!.startsWith('arn:aws-cn:s3:::backups')));
    await run(['policy', '--role', 'owner', 's3://b/p'], { expect: 1 });
    await run(['policy', 's3://b/p'], { expect: 1 });
  });
});
