/** Through the user's rclone Holdfast and the stock restic open, check, extend and prune each other's repositories. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cheapenKey } from '../support/cheap-key.ts';
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
    await cheapenKey(access);
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
  const kept = names.split('\n').filter((name) => name !== '' && !name.startsWith('.holdfast/'));
  assert.equal(kept.length, 3, names);
  const { bytes } = await runProgram(toolPath('rclone'), ['cat', `disk:some/archive/${file}`], { env });
  const { stdout } = await runProgram('tar', ['-xzOf', '-'], { input: bytes });
  assert.equal(stdout, 'text '.repeat(50_000));
});

test(
  'rclone: killed in the midst of a backup',
  { skip: skipWithout('restic', 'rclone'), timeout: 180_000 },
  async (t) => {
    const folder = tempFolder(t);
    const config = join(folder, 'rclone.conf');
    writeFileSync(config, `[disk]\ntype = alias\nremote = ${folder}/disk\n`);
    const program = join(folder, 'rclone');
    const pids = join(folder, 'pids');
    writeFileSync(program, `#!/bin/sh\necho $$ >>'${pids}'\nexec '${toolPath('rclone')}' "$@"\n`, {
      mode: 0o755,
    });
    const env = { RCLONE_CONFIG: config };
    const access = { repository: 'rclone:disk:repo', password: 'p', env };
    const option = ['-o', `rclone.program=${program}`];
    await holdfast(access).run([...option, 'init']);
    mkdirSync(join(folder, 'tree'));
    for (let i = 0; i < 6; i++) writeFileSync(join(folder, 'tree', `file${i}`), randomBytes(6 << 20));
    const started = pidsIn(pids).length;
    const backup = holdfast(access).run([...option, 'backup', 'tree', '--limit-upload', '9000', '--json'], {
      cwd: folder,
    });
    const packs = join(folder, 'disk', 'repo', 'data');
    const uploads = (): boolean =>
      pidsIn(pids).length > started &&
      existsSync(packs) &&
      readdirSync(packs, { recursive: true }).some((name) => String(name).includes('-tmp-'));
    for (let tries = 0; !uploads() && tries < 600; tries++) await pause(50);
    assert.ok(uploads(), 'the backup has begun');
    process.kill(pidsIn(pids).at(-1)!, 'SIGKILL');
    const { stderr } = await backup;
    assert.match(stderr, /rclone was ended by SIGKILL/);
    assert.equal(pidsIn(pids).length, started + 2, 'it was started again');
    const stock = restic({ ...access, repository: join(folder, 'disk', 'repo') });
    await stock.run(['check', '--read-data']);
    assert.equal(((await stock.json(['snapshots'])) as unknown[]).length, 1);
  },
);

function pidsIn(file: string): number[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}
