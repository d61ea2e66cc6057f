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
