/** Restores are those of the stock restic: content, metadata, what stays, what goes, and what is said about it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
  openSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { cheapenKey } from '../support/cheap-key.ts';
import type { RunResult } from '../support/program.ts';
import { type BackupProgram, holdfast, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { compareTrees, makeTree } from '../support/tree.ts';

interface Room {
  readonly source: string;
  /** by who wrote it */
  readonly repositories: Record<'restic' | 'holdfast', Record<'restic' | 'holdfast', BackupProgram>>;
}

const folder = tempFolder({ after });

async function makeRoom(): Promise<Room> {
  const source = join(folder, 'source');
  mkdirSync(source);
  makeTree(source);
  const both = async (writer: 'restic' | 'holdfast') => {
    const access = { repository: join(folder, `by ${writer}`), password: 'test' };
    const programs = { restic: restic(access), holdfast: holdfast(access) };
    await programs[writer].run(['init']);
    await cheapenKey(access);
    await programs[writer].run(['backup', '.'], { cwd: source });
    return programs;
  };
  return { source, repositories: { restic: await both('restic'), holdfast: await both('holdfast') } };
}

/** What a restore with --json says: the summary's numbers, and every item. */
function saidBy({ stdout }: RunResult, target: string) {
  const lines = stdout
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const summary = lines.find((line) => line['message_type'] === 'summary');
  const items = lines
    .filter((line) => line['message_type'] === 'verbose_status')
    .map((line) => `${line['action']} ${String(line['item']).replace(target, 'TARGET')} ${line['size']}`);
  // the second one is an addition of ours
  return { summary: { ...summary, seconds_elapsed: undefined, dry_run: undefined }, items: items.sort() };
}

/** Restores with both programs into equal targets, and compares the targets and what was said. */
async function compareRestores(
  { repositories }: Room,
  args: readonly string[],
  prepare: (target: string) => void,
): Promise<void> {
  const results = [];
  const targets = [];
  for (const program of Object.values(repositories.restic)) {
    const target = mkdtempSync(join(folder, 'target-'));
    prepare(target);
    const all = ['restore', 'latest', '--target', target, ...args, '--json', '-vv'];
    results.push(saidBy(await program.run(all), target));
    targets.push(target);
  }
  try {
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(compareTrees(targets[0]!, targets[1]!, { roots: false }), []);
  } finally {
    for (const target of targets) execFileSync('rm', ['-rf', target]);
  }
}

/** A target as an older or half-finished restore leaves it. */
function spoil(source: string, target: string): void {
  execFileSync('cp', ['-a', `${source}/.`, target]);
  truncateSync(join(target, 'plain/large.bin'), 2_000_000);
  appendFileSync(join(target, 'plain/deep/er/notes'), 'more');
  const fd = openSync(join(target, 'plain/copy of large.bin'), 'r+');
  writeSync(fd, 'scribble', 1_800_000);
  closeSync(fd);
  rmSync(join(target, 'odd'), { recursive: true });
  unlinkSync(join(target, 'plain/deep/small-7'));
  mkdirSync(join(target, 'plain/deep/small-7'));
  unlinkSync(join(target, 'links/relative'));
  symlinkSync('elsewhere', join(target, 'links/relative'));
  writeFileSync(join(target, 'plain/deep/stray'), 'stray');
  mkdirSync(join(target, 'stray folder/inside'), { recursive: true });
  writeFileSync(join(target, 'stray folder/inside/file'), 'stray');
  writeFileSync(join(target, 'plain/deep/small-4'), 'shorter');
  writeFileSync(join(target, 'plain/deep/small-3'), 'older and another');
  // the same in each target, and newer than the snapshot
  const changed = ['-newermt', '2026-01-01', '!', '-newermt', '2050-01-01'];
  execFileSync('find', [target, ...changed, '-exec', 'touch', '-h', '-d', '@1900000000', '{}', '+']);
  utimesSync(join(target, 'plain/deep/small-3'), 1, 1);
}

let room: Promise<Room> | undefined;

/** Made once for all tests; undefined where there is no restic. */
async function roomFor(t: TestContext): Promise<Room | undefined> {
  return requireTool(t, 'restic') ? await (room ??= makeRoom()) : undefined;
}

test('both restore what either wrote, to the last attribute', async (t) => {
  const made = await roomFor(t);
  if (!made) return;
  for (const [writer, programs] of Object.entries(made.repositories)) {
    for (const program of Object.values(programs)) {
      const target = join(folder, `${writer} to ${program.name}`);
      await program.run(['restore', 'latest', '--target', target, '--sparse', '--verify']);
      const holes = program.name === 'holdfast';
      assert.deepEqual(
        compareTrees(made.source, target, { roots: false, holes }),
        [],
        `${writer} to ${program.name}`,
      );
      execFileSync('rm', ['-rf', target]);
    }
  }
});

for (const args of [
  [],
  ['--overwrite', 'if-changed'],
  ['--overwrite', 'if-newer'],
  ['--overwrite', 'never'],
  ['--delete'],
  ['--delete', '--include', '/plain/deep'],
  ['--delete', '--exclude', '/plain', '--exclude', 'stray folder'],
  ['--dry-run'],
  ['--dry-run', '--delete'],
  ['--dry-run', '--overwrite', 'never'],
]) {
  test(`over a spoiled target: ${args.join(' ') || 'always'}`, async (t) => {
    const made = await roomFor(t);
    if (made) await compareRestores(made, args, (target) => spoil(made.source, target));
  });
}

for (const args of [
  [],
  ['--dry-run'],
  ['--include', 'small-1*', '--include', '/odd'],
  ['--iinclude', 'LARGE.bin'],
  ['--exclude', '*.bin', '--exclude', 'deep'],
  ['--iexclude', 'ODD'],
  ['--exclude-xattr', 'user.b*', '--exclude-xattr', 'system.*'],
  ['--include-xattr', 'user.comment'],
]) {
  test(`into nothing: ${args.join(' ') || 'everything'}`, async (t) => {
    const made = await roomFor(t);
    if (made) await compareRestores(made, args, () => {});
  });
}
