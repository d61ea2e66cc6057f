/** A new, smaller size is said to be right once, and is what later ones are compared with. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newUser } from '../cli/run.ts';

test('--accept-size of a job holds for later runs, in repositories and archives', async (t) => {
  const user = newUser(t);
  const at = (name: string): string => join(user.home, name);
  mkdirSync(at('.config/holdfast'), { recursive: true });
  writeFileSync(
    at('.config/holdfast/holdfast.yaml'),
    `version: 1
sources: { dump: { command: [cat, ${at('dump')}], filename: dump.sql } }
vaults:
  deep: { repository: ~/deep, password: env:DEEP, create: true }
  plain: { archive: ~/plain, encode: none }
  stable: { archive: ~/stable, layout: latest, encode: none }
defaults: { jobs: { retention: { last: 1 } } }
jobs:
  nightly: { sources: dump, vaults: [deep, plain, stable] }
`,
  );
  const night = async (size: number, flags: readonly string[], expect: number) => {
    writeFileSync(at('dump'), 'x'.repeat(size));
    return user.run(['run', ...flags, 'nightly'], { expect, env: { DEEP: 'secret' } });
  };
  await night(10_000, [], 0);
  const { stderr } = await night(100, [], 3);
  assert.match(stderr, /retention dump to deep: .*suspiciously small/);
  assert.match(stderr, /retention dump to plain: .*suspiciously small/);
  assert.match(stderr, /backup dump to stable: .*dump\.sql is not replaced/);
  assert.match(stderr, /--accept-size.* replaces it once/);
  await night(100, ['--accept-size'], 0);
  await night(90, [], 0);
  const left = await user.run(['-r', 'plain', 'snapshots', '--json']);
  assert.equal((JSON.parse(left.stdout) as unknown[]).length, 1);
  assert.equal((await user.run(['-r', 'stable', 'dump', 'latest'])).stdout.length, 90);
});

test('a size that was accepted holds as long as larger backups of earlier months stay', async (t) => {
  const user = newUser(t);
  const at = (name: string): string => join(user.home, name);
  mkdirSync(at('.config/holdfast'), { recursive: true });
  writeFileSync(
    at('.config/holdfast/holdfast.yaml'),
    `version: 1
sources: { dump: { command: [cat, ${at('dump')}], filename: dump.sql } }
vaults:
  deep: { repository: ~/deep, password: env:DEEP, create: true }
  plain: { archive: ~/plain, encode: none }
defaults: { jobs: { retention: { last: 1, monthly: 12 } } }
jobs:
  nightly: { sources: dump, vaults: [deep, plain] }
`,
  );
  const env = { DEEP: 'secret' };
  const night = async (size: number, ...flags: readonly string[]) => {
    writeFileSync(at('dump'), 'x'.repeat(size));
    return user.run(['run', ...flags, 'nightly'], { env });
  };
  await night(10_000);
  const month = 31 * 86_400_000;
  for (const vault of ['deep', 'plain']) {
    const time = new Date(Date.now() - month).toISOString().slice(0, 10);
    const args = ['--time', `${time} 01:00:00`, '--stdin', '--stdin-filename', 'dump.sql'];
    await user.run(['-r', vault, 'backup', ...args], { env, input: 'x'.repeat(10_000) });
  }
  await night(100, '--accept-size');
  for (const size of [101, 102, 103]) {
    const { stdout } = await night(size);
    assert.match(stdout, /retention dump to deep: .*as its size was accepted, and larger elders are kept/);
  }
  for (const vault of ['deep', 'plain']) {
    const { stdout } = await user.run(['-r', vault, 'snapshots', '--json'], { env });
    const left = JSON.parse(stdout) as { tags?: string[] }[];
    assert.equal(left.length, 3, vault);
    assert.equal(left.filter(({ tags }) => tags?.includes('size-accepted')).length, 1, vault);
  }
});
