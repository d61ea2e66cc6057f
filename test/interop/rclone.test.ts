/** Through the user's rclone Holdfast and the stock restic open, check, extend and prune each other's repositories. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jsonLines, runProgram } from '../support/program.ts';
import { holdfast, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { findTool, skipWithout, toolPath } from '../support/tools.ts';
import { compareTrees } from '../support/tree.ts';

for (const [first, second, remote] of [
  [restic, holdfast, 'crypt'],
  [holdfast, restic, 'disk'],
] as const) {
  const title = first === restic ? 'restic first, on a crypt remote' : 'holdfast first, on a folder';
  test(`rclone: ${title}`, { skip: skipWithout('restic', 'rclone'), timeout: 180_000 }, async (t) => {
    const folder = tempFolder(t);
    const config = join(folder, 'rclone.conf');
    const { stdout } = await runProgram(toolPath('rclone'), ['obscure', 'a secret']);
    writeFileSync(
      config,
      `[disk]\ntype = alias\nremote = ${folder}/disk\n[crypt]\ntype = crypt\nremote = ${folder}/crypt\npassword = ${stdout}`,
    );
    const env = {
      RCLONE_CONFIG: config,
      PATH: `${join(findTool('rclone') ?? '/', '..')}:${process.env['PATH']}`,
    };
    const access = { repository: `rclone:${remote}:some/repo`, password: 'p', env };
    const [writer, other] = [first(access), second(access)];
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    for (let i = 0; i < 20; i++) writeFileSync(join(tree, `file${i}`), `${i} `.repeat(20_000));

    await writer.run(['init']);
    await backup(writer);
    const again = await backup(other, '--force');
    assert.equal(again['data_blobs'], 0, 'the other adds no data');
    await other.run(['check', '--read-data']);
    writeFileSync(join(tree, 'file0'), 'changed');
    await backup(other);
    await writer.run(['forget', '--keep-last', '1', '--prune']);
    await other.run(['check', '--read-data']);
    await other.run(['forget', 'latest', '--dry-run']);
    await other.run(['prune', '--max-unused', '0']);
    await writer.run(['check', '--read-data']);
    for (const program of [writer, other]) {
      const target = tempFolder(t);
      await program.run(['restore', 'latest', '--target', target]);
      assert.deepEqual(compareTrees(tree, join(target, 'tree')), [], program.name);
    }

    async function backup(program: typeof writer, ...flags: string[]): Promise<Record<string, unknown>> {
      const args = ['backup', '--json', '--host', 'interop', ...flags, 'tree'];
      return jsonLines((await program.run(args, { cwd: folder })).stdout).at(-1)!;
    }
  });
}

test('rclone: an archive', { skip: skipWithout('rclone'), timeout: 120_000 }, async (t) => {
  const folder = tempFolder(t);
  const config = join(folder, 'rclone.conf');
  writeFileSync(config, `[disk]\ntype = alias\nremote = ${folder}/disk\n`);
  const env = {
    RCLONE_CONFIG: config,
    PATH: `${join(findTool('rclone') ?? '/', '..')}:${process.env['PATH']}`,
  };
  const archive = holdfast({ repository: 'archive:rclone:disk:some/archive', password: 'p', env });
  mkdirSync(join(folder, 'tree/data'), { recursive: true });
  writeFileSync(join(folder, 'tree/data/file'), 'text '.repeat(50_000));
  for (let i = 0; i < 2; i++) await archive.run(['backup', 'tree', '--layout', 'dated'], { cwd: folder });
  await archive.run(['check']);
  await archive.run(['forget', '--keep-last', '1', '--layout', 'dated']);
  assert.equal(((await archive.json(['snapshots'])) as unknown[]).length, 1);
  await archive.run(['restore', 'latest', '--target', join(folder, 'back')]);
  assert.deepEqual(compareTrees(join(folder, 'tree'), join(folder, 'back/tree')), []);
  // and rclone alone has the plain file
  const names = (await runProgram(toolPath('rclone'), ['lsf', '-R', 'disk:some/archive'], { env })).stdout;
  const [file] = names.split('\n').filter((name) => name.endsWith('.tar.gz'));
  assert.ok(file, names);
  assert.equal(names.split('\n').filter((name) => name !== '').length, 3, names);
  const { bytes } = await runProgram(toolPath('rclone'), ['cat', `disk:some/archive/${file}`], { env });
  const { stdout } = await runProgram('tar', ['-xzOf', '-'], { input: bytes });
  assert.equal(stdout, 'text '.repeat(50_000));
});
