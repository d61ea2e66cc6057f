/** Whatever a repository's settings are, restic reads, checks and restores what Holdfast writes, and both work at once. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { jsonLines } from '../support/program.ts';
import { holdfast, restic } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { compareTrees, makeTree, seededBytes } from '../support/tree.ts';

suite('settings', { skip: skipWithout('restic', 'setfattr', 'getfattr', 'setfacl') }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-settings-'));
    mkdirSync(join(folder, 'tree'));
    makeTree(join(folder, 'tree'));
  });
  after(() => removeTree(folder));

  for (const [name, chunker, version, flags] of [
    ['the fast chunker', 'fast', 2, []],
    ['the fast chunker in the old format', 'fast', 1, []],
    ['no compression', 'rabin', 2, ['--compression', 'off']],
    ['the fastest compression', 'fast', 2, ['--compression', 'fastest', '--pack-size', '4']],
    ['better compression', 'fast', 2, ['--compression', 'better']],
    ['the best compression', 'rabin', 2, ['--compression', 'max', '--pack-size', '64']],
  ] as const) {
    test(name, async () => {
      const repository = join(folder, name);
      await makeRepositoryFolder(repository, { chunker, version });
      const ours = holdfast({ repository, password });
      const theirs = restic({ repository, password });
      const first = await ours.run([...flags, 'backup', '--json', 'tree'], { cwd: folder });
      assert.equal(jsonLines(first.stdout).at(-1)!['message_type'], 'summary');
      await theirs.run(['check', '--read-data']);
      const restored = join(folder, `${name} restored`);
      await theirs.run(['restore', 'latest', '--target', restored]);
      assert.deepEqual(compareTrees(join(folder, 'tree'), join(restored, 'tree')), []);
      // unchanged files are taken over, however they were cut
      const second = await theirs.run(['backup', '--json', 'tree'], { cwd: folder });
      assert.equal(jsonLines(second.stdout).at(-1)!['data_blobs'], 0);
      // restic repacks what we packed, and we read that
      await theirs.run(['forget', '--keep-last', '1', '--prune', '--max-unused', '0', '--repack-small']);
      await ours.run(['check', '--read-data']);
      removeTree(restored);
    });
  }

  test('both back up into one repository at the same time', { timeout: 120_000 }, async () => {
    const repository = join(folder, 'shared');
    await makeRepositoryFolder(repository);
    const programs = [holdfast, restic, holdfast, restic].map((make) => make({ repository, password }));
    await Promise.all(
      programs.map(async (program, i) => {
        const tree = join(folder, `own ${i}`);
        mkdirSync(tree);
        writeFileSync(join(tree, 'own'), seededBytes(2_000_000, 100 + i));
        // the same in all of them, so that they race for the same blobs
        writeFileSync(join(tree, 'shared'), seededBytes(6_000_000, 7));
        await program.run(['backup', `own ${i}`], { cwd: folder });
      }),
    );
    for (const program of programs.slice(0, 2)) {
      assert.equal(((await program.json(['snapshots'])) as unknown[]).length, 4);
      await program.run(['check', '--read-data']);
    }
    await programs[0]!.run(['prune', '--max-unused', '0']);
    await programs[1]!.run(['check', '--read-data']);
    for (const [i, program] of programs.entries()) {
      const restored = join(folder, `restored ${i}`);
      await program.run(['restore', 'latest', '--path', join(folder, `own ${i}`), '--target', restored]);
      assert.deepEqual(compareTrees(join(folder, `own ${i}`), join(restored, `own ${i}`)), []);
      assert.equal(statSync(join(restored, `own ${i}`, 'shared')).size, 6_000_000);
    }
  });
});
