/** A disk that is full, one that may only be read, and a backup that is interrupted: all that was there stays usable. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { jsonLines } from '../support/program.ts';
import { holdfast, holdfastBin, restic } from '../support/restic.ts';
import { skipWithoutDisk, smallDisk } from '../support/small-disk.ts';
import { tempFolder } from '../support/temp.ts';
import { findTool } from '../support/tools.ts';
import { compareTrees } from '../support/tree.ts';

const skip = skipWithoutDisk();

const random = (megabytes: number): Buffer => randomFillSync(Buffer.alloc(megabytes << 20));

test(
  'a full disk ends a backup in one sentence, and nothing that was stored is lost',
  { skip },
  async (t) => {
    const folder = tempFolder(t);
    const disk = await smallDisk(t, 'size=24m');
    const repository = join(disk.path, 'repository');
    await makeRepositoryFolder(repository);
    const program = holdfast({ repository, password });
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    writeFileSync(join(tree, 'one'), random(6));
    const backup = ['backup', '--pack-size', '4', 'tree'];
    await program.run(backup, { cwd: folder });
    writeFileSync(join(tree, 'two'), random(40));
    const failed = await program.run(backup, { cwd: folder, expect: 1 });
    assert.match(
      failed.stderr,
      /^holdfast: cannot write [^\n]*: the disk is full\nhint: free some space[^\n]*\n$/,
    );
    assert.deepEqual(readdirSync(join(repository, 'locks')), [], 'the lock is removed');
    assert.equal(((await program.json(['snapshots'])) as unknown[]).length, 1);
    await program.run(['check', '--read-data', '--no-lock']);

    // half of what the failed run stored is in no index: prune makes room again
    await program.run(['prune']);
    rmSync(join(tree, 'two'));
    writeFileSync(join(tree, 'three'), random(6));
    await program.run(backup, { cwd: folder });

    await disk.remount('size=120m');
    writeFileSync(join(tree, 'two'), random(40));
    await program.run(backup, { cwd: folder });
    await program.run(['check', '--read-data']);
    if (findTool('restic')) await restic({ repository, password }).run(['check', '--read-data']);
  },
);

test('a full disk ends a restore in one sentence, and with more room it goes on', { skip }, async (t) => {
  const folder = tempFolder(t);
  const repository = join(folder, 'repository');
  await makeRepositoryFolder(repository);
  const program = holdfast({ repository, password });
  mkdirSync(join(folder, 'tree'));
  for (let i = 0; i < 8; i++) writeFileSync(join(folder, 'tree', `f${i}`), random(3));
  await program.run(['backup', 'tree'], { cwd: folder });
  const disk = await smallDisk(t, 'size=10m');
  const args = ['restore', 'latest', '--target', join(disk.path, 'target')];
  const { stderr } = await program.run(args, { expect: 1 });
  assert.match(stderr, /no space left|disk is full/i);
  assert.doesNotMatch(stderr, /\n {4}at /);
  await disk.remount('size=60m');
  await program.run(args);
  assert.deepEqual(compareTrees(join(folder, 'tree'), join(disk.path, 'target', 'tree')), []);
});

test(
  'a repository that may only be read is read without a lock, and says what writing needs',
  { skip },
  async (t) => {
    const folder = tempFolder(t);
    const disk = await smallDisk(t, 'size=24m');
    const repository = join(disk.path, 'repository');
    await makeRepositoryFolder(repository);
    const program = holdfast({ repository, password });
    mkdirSync(join(folder, 'tree'));
    writeFileSync(join(folder, 'tree', 'note'), 'hello');
    await program.run(['backup', 'tree'], { cwd: folder });
    await disk.remount('ro');
    for (const args of [
      ['backup', 'tree'],
      ['forget', '--keep-last', '1', '--prune'],
      ['tag', '--add', 'x'],
      ['snapshots'],
    ]) {
      const { stderr } = await program.run(args, { cwd: folder, expect: 1 });
      assert.match(
        stderr,
        /^holdfast: cannot write [^\n]*: the file system is read-only\nhint: [^\n]+\n$/,
        stderr,
      );
    }
    for (const args of [
      ['snapshots'],
      ['ls', 'latest'],
      ['check', '--read-data'],
      ['stats'],
      ['find', 'note'],
    ]) {
      await program.run([...args, '--no-lock']);
    }
    await program.run(['restore', 'latest', '--target', join(folder, 'restored'), '--no-lock']);
    assert.deepEqual(compareTrees(join(folder, 'tree'), join(folder, 'restored', 'tree')), []);
  },
);

test(
  'Ctrl-C ends a backup with 130, leaves no lock and no snapshot, and its packs serve the next run',
  { timeout: 60_000 },
  async (t) => {
    const folder = tempFolder(t);
    const repository = join(folder, 'repository');
    await makeRepositoryFolder(repository);
    mkdirSync(join(folder, 'tree'));
    for (let i = 0; i < 40; i++) writeFileSync(join(folder, 'tree', `f${i}`), random(4));
    mkdirSync(join(repository, 'data'));
    const args = ['-r', repository, '--no-cache', 'backup', '--json', '--pack-size', '4', 'tree'];
    const child = spawn(process.execPath, [holdfastBin, ...args], {
      cwd: folder,
      env: { ...process.env, HOLDFAST_PASSWORD: password },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const ended = once(child, 'close') as Promise<[number | null]>;
    const packs = (): number =>
      readdirSync(join(repository, 'data'), { recursive: true, withFileTypes: true }).filter((entry) =>
        /^[0-9a-f]{64}$/.test(entry.name),
      ).length;
    while (child.exitCode === null && packs() < 3) await pause(5);
    child.kill('SIGINT');
    const [status] = await ended;
    assert.equal(status, 130, said);
    assert.match(said, /interrupted/);
    assert.deepEqual(readdirSync(join(repository, 'locks')), []);
    assert.ok(packs() >= 3);
    const program = holdfast({ repository, password });
    assert.deepEqual(await program.json(['snapshots']), []);
    await program.run(['check', '--read-data']);
    const { stdout } = await program.run(args.slice(3), { cwd: folder });
    const summary = jsonLines(stdout).at(-1)!;
    const stored = Number(summary['total_bytes_processed']) - Number(summary['data_added']);
    assert.ok(stored > 2 << 20, `only ${stored} bytes of the interrupted run were used again`);
    await program.run(['check', '--read-data']);
  },
);
