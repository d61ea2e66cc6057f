/**
 * The real program is killed with SIGKILL at seeded moments of backups, forgets and prunes on a real disk. Whatever a
 * run had reported as saved is there afterwards, every byte of it, and the next run needs no help.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { checkErrors, makeRepositoryFolder, openAgain, password } from '../support/engine.ts';
import { holdfast, holdfastBin, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { findTool, skipWithout } from '../support/tools.ts';
import { compareTrees, makeTree, seededBytes } from '../support/tree.ts';

const kills = 24;
/** The sweep ends here, whatever is left of it. */
const longest = 90_000;

test('SIGKILL at any moment loses no snapshot, and the next run goes on', { timeout: 200_000 }, async (t) => {
  const folder = tempFolder(t, 'holdfast-sigkill');
  const location = join(folder, 'repository');
  await makeRepositoryFolder(location);
  const program = holdfast({ repository: location, password });
  const tree = join(folder, 'tree');
  const change = (round: number): void => {
    const at = join(tree, `d${round % 5}`);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'random'), seededBytes(1_500_000, round + 1));
    appendFileSync(join(tree, 'log'), `round ${round}\n`);
  };
  for (let round = 0; round < 5; round++) change(round);

  const backup = ['backup', '--json', '--pack-size', '4', '--host', 'here', 'tree'];
  const verbs = [
    { args: backup, longestMs: 0 },
    { args: ['prune', '--json', '--max-unused', '0'], longestMs: 0 },
    { args: backup, longestMs: 0 },
    { args: ['forget', '--json', '--keep-last', '2', '--prune', '--max-unused', '0'], longestMs: 0 },
  ];
  // once without a kill, for the time that each takes
  for (const verb of verbs) {
    const started = performance.now();
    await program.run(verb.args, { cwd: folder });
    verb.longestMs = performance.now() - started;
  }

  /** Snapshots of finished backups that nothing was told to forget since. */
  let saved = await snapshots(location);
  const until = performance.now() + longest;
  let killed = 0;
  let done = 0;
  for (; done < kills && performance.now() < until; done++) {
    change(done);
    const verb = verbs[done % verbs.length]!;
    // spread evenly over the time that the verb takes, the same in every run of this test
    const after = verb.longestMs * (((done * 0.618_034) % 1) * 1.1);
    const begun = performance.now();
    const { stdout, signal } = await runAndKill(location, folder, verb.args, after);
    if (signal === 'SIGKILL') killed++;
    // the machine was busier when this was measured
    else verb.longestMs = Math.min(verb.longestMs, performance.now() - begun);
    const when = `${verb.args[0]} killed after ${after.toFixed()} ms (round ${done})`;
    const now = await snapshots(location);
    if (verb.args[0] !== 'forget')
      for (const id of saved) assert.ok(now.includes(id), `${when}: ${id} is lost`);
    const reported = /"snapshot_id":"([0-9a-f]{64})"/.exec(stdout)?.[1];
    if (reported !== undefined) assert.ok(now.includes(reported), `${when}: it was reported as saved`);
    assert.ok(now.length >= 2, when);
    await using repository = await openAgain(location);
    assert.deepEqual(await checkErrors(repository), [], when);
    saved = now;
  }
  t.diagnostic(`${done} rounds, ${killed} kills`);
  assert.ok(
    killed >= done / 3,
    `only ${killed} of ${done} runs were still alive when they were to be killed`,
  );

  for (const verb of verbs) await program.run(verb.args, { cwd: folder });
  await program.run(['check', '--read-data']);
  // a file that was cut off while it was written is no lock, and no program lists it
  const locks = readdirSync(join(location, 'locks')).filter((name) => !name.includes('-tmp-'));
  assert.deepEqual(locks, [], 'locks of the dead are gone');
  if (findTool('restic')) await restic({ repository: location, password }).run(['check', '--read-data']);
  await program.run(backup, { cwd: folder });
  const target = join(folder, 'restored');
  await program.run(['restore', 'latest', '--target', target]);
  assert.deepEqual(compareTrees(tree, join(target, 'tree')), []);
  rmSync(target, { recursive: true });
});

test(
  'a restore that is killed again and again is whole in the end',
  { skip: skipWithout('setfattr', 'getfattr', 'setfacl'), timeout: 120_000 },
  async (t) => {
    const folder = tempFolder(t, 'holdfast-sigkill');
    const location = join(folder, 'repository');
    await makeRepositoryFolder(location);
    const program = holdfast({ repository: location, password });
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    makeTree(tree);
    const names = Array.from({ length: 30 }, (_, i) => `f${i}`);
    names.forEach((name, i) => writeFileSync(join(tree, name), seededBytes(1_000_000, i + 1)));
    await program.run(['backup', 'tree'], { cwd: folder });
    const restore = (target: string): string[] => ['restore', 'latest', '--json', '--target', target];
    const started = performance.now();
    await program.run(restore(join(folder, 'once')));
    let afterMs = (performance.now() - started) * 0.35;
    const target = join(folder, 'killed');
    /** Files that are as they were, times included: what an earlier restore finished. */
    const whole = (): number =>
      names.filter((name) => {
        const before = statSync(join(tree, name));
        const after = statSync(join(target, 'tree', name), { throwIfNoEntry: false });
        return after?.size === before.size && after.mtimeMs === before.mtimeMs;
      }).length;
    let killed = 0;
    for (let round = 0; round < 30 && (killed < 6 || whole() === 0); round++) {
      const begun = performance.now();
      const { signal } = await runAndKill(location, folder, restore(target), afterMs);
      if (signal === 'SIGKILL') killed++;
      // a later moment, or an earlier one when all was done by then: what is right already takes no time
      afterMs = signal === 'SIGKILL' ? afterMs * 1.2 : (performance.now() - begun) * 0.6;
    }
    assert.ok(killed >= 2, `only ${killed} restores were killed`);
    const { stdout } = await program.run(restore(target));
    assert.deepEqual(compareTrees(tree, join(target, 'tree')), []);
    const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
    assert.ok((summary['files_skipped'] ?? 0) > 0, 'files that are right are left alone');
  },
);

async function snapshots(location: string): Promise<string[]> {
  await using repository = await openAgain(location);
  const ids: string[] = [];
  for await (const { id } of repository.snapshots()) ids.push(id);
  return ids;
}

async function runAndKill(
  location: string,
  cwd: string,
  args: readonly string[],
  afterMs: number,
): Promise<{ stdout: string; signal: NodeJS.Signals | null }> {
  const child = spawn(process.execPath, [holdfastBin, '--no-cache', '-r', location, ...args], {
    cwd,
    env: { ...process.env, HOLDFAST_PASSWORD: password },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await Promise.race([ended, pause(afterMs)]);
  child.kill('SIGKILL');
  const [, signal] = await ended;
  return { stdout, signal };
}
