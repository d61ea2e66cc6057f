/** What a killed restic left of a pack is told and removed by our prune once it is old, and not before. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { holdfast, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { seededBytes } from '../support/tree.ts';

test('what a killed restic left behind', { skip: skipWithout('restic'), timeout: 60_000 }, async (t) => {
  const folder = tempFolder(t, 'holdfast-leftovers');
  const repository = join(folder, 'repository');
  await makeRepositoryFolder(repository, { chunker: 'rabin' });
  const access = { repository, password };
  mkdirSync(join(folder, 'tree'));
  writeFileSync(join(folder, 'tree', 'small'), 'kept');
  await restic(access).run(['backup', 'tree'], { cwd: folder });
  writeFileSync(join(folder, 'tree', 'large'), seededBytes(8_000_000, 1));

  const slow = ['--limit-upload', '200', '--no-cache', '-r', repository, 'backup', 'tree'];
  const child = spawn(toolPath('restic'), slow, {
    cwd: folder,
    env: { ...process.env, RESTIC_PASSWORD: password },
    stdio: 'ignore',
  });
  const data = join(repository, 'data');
  const unfinished = (): string[] =>
    (readdirSync(data, { recursive: true }) as string[]).filter((name) => name.includes('-tmp-'));
  while (unfinished().length === 0) await pause(20);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const left = unfinished();
  assert.match(left[0]!, /^([0-9a-f]{2})\/\1[0-9a-f]{62}-tmp-[0-9]+$/);

  const ours = holdfast(access);
  await ours.run(['unlock']);
  const fresh = await ours.run(['prune']);
  assert.doesNotMatch(fresh.stdout, /unfinished/);
  assert.deepEqual(unfinished(), left, 'it may still be written');

  for (const name of left) utimesSync(join(data, name), new Date(), new Date(Date.now() - 25 * 3_600_000));
  const planned = await ours.run(['prune', '--dry-run', '-v']);
  assert.match(planned.stdout, /left behind by killed writers, to delete: \d+ unfinished files? \/ /);
  assert.match(planned.stdout, /unfinished: data\/[0-9a-f]{2}\/[0-9a-f]{64} \(/);
  const { leftovers } = (await ours.json(['prune', '--dry-run'])) as { leftovers: object };
  assert.deepEqual(Object.keys(leftovers), ['files', 'bytes']);
  assert.deepEqual(unfinished(), left, 'a dry run removes nothing');

  const pruned = await ours.run(['prune']);
  assert.match(pruned.stdout, /removed \d+ unfinished files? that killed writers left behind/);
  assert.deepEqual(unfinished(), []);
  assert.equal('leftovers' in ((await ours.json(['prune'])) as object), false);
  await restic(access).run(['check', '--read-data']);
});
