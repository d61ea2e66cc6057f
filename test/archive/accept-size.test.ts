/** A new, smaller size is said to be right once, and is what later ones are compared with. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configured, vault } from '../jobs/configured.ts';
import type { RunResult } from '../support/program.ts';
import type { Cleanup } from '../support/temp.ts';

/** A dump that each night has another size, and the job for it. */
function nightly(t: Cleanup, archives: readonly string[], retention: string) {
  const user = configured(
    t,
    `version: 1
sources: { dump: { command: [sh, -c, 'cat ~/dump'], filename: dump.sql } }
vaults:
${vault('deep')}${archives.join('')}
defaults: { jobs: { retention: ${retention} } }
jobs:
  nightly: { sources: dump, vaults: [${['deep', ...archives.map((line) => line.split(':')[0]!.trim())].join(', ')}] }
`,
  );
  const night = async (size: number, expect: number, ...flags: readonly string[]): Promise<RunResult> => {
    writeFileSync(join(user.home, 'dump'), 'x'.repeat(size));
    return user.run(['run', ...flags, 'nightly'], { expect });
  };
  return { user, night };
}

const plain = '  plain: { archive: ~/plain, encode: none }\n';
const stable = '  stable: { archive: ~/stable, layout: latest, encode: none }\n';

test('--accept-size of a job holds for later runs, in repositories and archives', async (t) => {
  const { user, night } = nightly(t, [plain, stable], '{ last: 1 }');
  await night(10_000, 0);
  const { stderr } = await night(100, 3);
  assert.match(stderr, /retention dump to deep: .*suspiciously small/);
  assert.match(stderr, /retention dump to plain: .*suspiciously small/);
  assert.match(stderr, /backup dump to stable: .*dump\.sql is not replaced/);
  assert.match(stderr, /--accept-size.* replaces it once/);
  await night(100, 0, '--accept-size');
  await night(90, 0);
  assert.equal((await user.snapshots('plain')).length, 1);
  assert.equal((await user.run(['-r', 'stable', 'dump', 'latest'])).stdout.length, 90);
});

test('a size that was accepted holds as long as larger backups of earlier months stay', async (t) => {
  const { user, night } = nightly(t, [plain], '{ last: 1, monthly: 12 }');
  await night(10_000, 0);
  const month = 31 * 86_400_000;
  for (const name of ['deep', 'plain']) {
    const time = new Date(Date.now() - month).toISOString().slice(0, 10);
    const args = ['--time', `${time} 01:00:00`, '--stdin', '--stdin-filename', 'dump.sql'];
    await user.run(['-r', name, 'backup', ...args], { expect: 0, input: 'x'.repeat(10_000) });
  }
  await night(100, 0, '--accept-size');
  for (const size of [101, 102, 103]) {
    const { stdout } = await night(size, 0);
    assert.match(stdout, /retention dump to deep: .*as its size was accepted, and larger elders are kept/);
  }
  for (const name of ['deep', 'plain']) {
    const left = await user.snapshots(name);
    assert.equal(left.length, 3, name);
    assert.equal(left.filter(({ tags }) => tags?.includes('size-accepted')).length, 1, name);
  }
});
