/**
 * Sources that cannot be read, vanish, change while they are read, or whose disk fails: each is named, all the others
 * are backed up, the status is 3, and the snapshot is marked. The system calls of the real program fail, by strace.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { jsonLines, runProgram, type RunResult } from '../support/program.ts';
import { type BackupProgram, holdfast, holdfastBin, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { findTool, skipWithout, toolPath } from '../support/tools.ts';
import { seededBytes } from '../support/tree.ts';

interface Place {
  readonly folder: string;
  readonly repository: string;
  readonly program: BackupProgram;
}

/** A repository, and beside it `tree` with files and a folder in it. */
async function makePlace(t: TestContext): Promise<Place> {
  const folder = tempFolder(t);
  const repository = join(folder, 'repository');
  await makeRepositoryFolder(repository);
  mkdirSync(join(folder, 'tree', 'sub'), { recursive: true });
  for (const name of ['a', 'b', 'c', 'sub/inner']) writeFileSync(join(folder, 'tree', name), `file ${name}`);
  writeFileSync(join(folder, 'tree', 'large'), seededBytes(3_000_000, 1));
  return { folder, repository, program: holdfast({ repository, password }) };
}

/** A wrapper around our backup of `tree`; any exit status is fine. */
function backUpUnder(
  { folder, repository }: Place,
  wrapper: readonly string[],
  args: readonly string[] = [],
): Promise<RunResult> {
  const [command = '', ...first] = wrapper;
  return runProgram(
    command,
    [...first, process.execPath, holdfastBin, '-r', repository, '--no-cache', 'backup', ...args, 'tree'],
    { cwd: folder, env: { HOLDFAST_PASSWORD: password }, expect: 'any' },
  );
}

/** strace, so that a system call fails wherever it concerns a path of the tree. */
function failing({ folder }: Place, path: string, calls: string, how: string): string[] {
  const log = ['-f', '-qq', '-o', join(folder, 'strace')];
  return [
    toolPath('strace'),
    ...log,
    '-P',
    join(folder, path),
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${calls}:${how}`,
  ];
}

/** Asserts that the backup ended with 3 and named these; answers with the names of what the snapshot has. */
async function incomplete({ program }: Place, result: RunResult, says: RegExp[]): Promise<string[]> {
  assert.equal(result.status, 3, result.stderr);
  for (const pattern of says) assert.match(result.stderr, pattern);
  assert.match(result.stderr, /^holdfast: at least one source file could not be read\nhint: /m);
  const [last] = (await program.json(['snapshots', 'latest'])) as { tags?: string[] }[];
  assert.deepEqual(last?.tags, ['incomplete']);
  await program.run(['check', '--read-data']);
  return namesIn(program);
}

async function namesIn(program: BackupProgram): Promise<string[]> {
  const { stdout } = await program.run(['ls', 'latest', '--json']);
  return jsonLines(stdout)
    .filter((line) => line['message_type'] === 'node')
    .map((line) => String(line['path']));
}

const everything = ['a', 'b', 'c', 'large', 'sub', 'sub/inner'];
const without = (...names: string[]): string[] => [
  '/tree',
  ...everything.filter((name) => !names.includes(name)).map((name) => `/tree/${name}`),
];

test(
  'what may not be read is named as restic names it',
  { skip: process.platform !== 'linux' && 'needs Linux' },
  async (t) => {
    const place = await makePlace(t);
    const tree = join(place.folder, 'tree');
    chmodSync(join(tree, 'b'), 0);
    chmodSync(join(tree, 'sub'), 0);
    // root may read everything, unless it gives that up
    const humble =
      process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : ['env'];
    const result = await backUpUnder(place, humble);
    const names = await incomplete(place, result, [
      /\/tree\/b: permission denied/,
      /\/tree\/sub: permission denied/,
    ]);
    assert.deepEqual(names, without('b', 'sub', 'sub/inner'));
    if (!findTool('restic')) return;
    const theirs = await runProgram(
      humble[0]!,
      [...humble.slice(1), toolPath('restic'), '-r', place.repository, '--no-cache', 'backup', 'tree'],
      { cwd: place.folder, env: { RESTIC_PASSWORD: password }, expect: 3 },
    );
    assert.match(theirs.stdout, /^Added to the repository: 0 B /m, 'restic leaves the same out');
    await restic({ repository: place.repository, password }).run(['check', '--read-data']);
  },
);

test('a file that vanishes', { skip: skipWithout('strace') }, async (t) => {
  const place = await makePlace(t);
  const result = await backUpUnder(place, failing(place, 'tree/b', 'openat', 'error=ENOENT'));
  const names = await incomplete(place, result, [/\/tree\/b: no such file or directory/]);
  assert.deepEqual(names, without('b'));
});

test(
  'a disk that fails in the middle of a file, and in a folder',
  { skip: skipWithout('strace') },
  async (t) => {
    const place = await makePlace(t);
    const reads = 'read,pread64';
    const file = await backUpUnder(place, failing(place, 'tree/large', reads, 'error=EIO:when=2+'));
    assert.deepEqual(await incomplete(place, file, [/\/tree\/large: .*i\/o error/i]), without('large'));
    const folder = await backUpUnder(place, failing(place, 'tree/sub', 'getdents64', 'error=EIO'));
    assert.deepEqual(
      await incomplete(place, folder, [/\/tree\/sub: i\/o error/]),
      without('sub', 'sub/inner'),
    );

    // the next run, with everything readable again, is complete
    await place.program.run(['backup', 'tree'], { cwd: place.folder });
    assert.deepEqual(await namesIn(place.program), without());
    const restored = join(place.folder, 'restored');
    await place.program.run(['restore', 'latest', '--target', restored]);
    assert.ok(readFileSync(join(restored, 'tree', 'large')).equals(seededBytes(3_000_000, 1)));
  },
);

test(
  'a file that grows, and one that shrinks, while it is read',
  { skip: skipWithout('strace'), timeout: 60_000 },
  async (t) => {
    const place = await makePlace(t);
    const path = join(place.folder, 'tree', 'large');
    for (const change of [
      (): void => appendFileSync(path, 'more'),
      (): void => writeFileSync(path, 'less'),
    ]) {
      const log = join(place.folder, 'strace');
      if (existsSync(log)) writeFileSync(log, '');
      // the first read waits long enough for the change
      const [command = '', ...args] = failing(
        place,
        'tree/large',
        'read,pread64',
        'delay_enter=1500000:when=1',
      );
      const child = spawn(
        command,
        [
          ...args,
          process.execPath,
          holdfastBin,
          '-r',
          place.repository,
          '--no-cache',
          'backup',
          '--force',
          'tree',
        ],
        { cwd: place.folder, env: { ...process.env, HOLDFAST_PASSWORD: password } },
      );
      let said = '';
      child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
      const ended = once(child, 'close') as Promise<[number]>;
      // strace writes the call down when it begins
      while (!existsSync(log) || !/read/.test(readFileSync(log, 'utf8'))) await pause(20);
      change();
      const [status] = await ended;
      assert.match(said, /large: the file changed while it was read/);
      assert.equal(status, 0, said);
      assert.deepEqual(await namesIn(place.program), without());
      await place.program.run(['check', '--read-data']);
      const { bytes } = await place.program.run(['dump', 'latest', '/tree/large']);
      const { stdout } = await place.program.run(['ls', 'latest', '--json', '/tree/large']);
      const node = jsonLines(stdout).find((line) => line['name'] === 'large');
      assert.equal(node?.['size'], bytes.length, 'the size is that of what was read');
    }
  },
);

test(
  'a disk of the repository that cannot keep what it was given',
  { skip: skipWithout('strace') },
  async (t) => {
    const place = await makePlace(t);
    const before = JSON.stringify(await place.program.json(['snapshots']));
    const fails = async (which: string, ...filters: string[]): Promise<boolean> => {
      const wrapper = [
        toolPath('strace'),
        ...['-f', '-qq', '-o', join(place.folder, 'strace'), ...filters],
        ...['-e', 'trace=fsync,fdatasync', '-e', `inject=fsync,fdatasync:error=EIO:when=${which}`],
      ];
      writeFileSync(join(place.folder, 'tree', 'a'), `change ${filters.join()} ${which}`);
      const { status, stderr } = await backUpUnder(place, wrapper, ['--tag', 'faulty']);
      if (status === 0) return false;
      assert.equal(status, 1, stderr);
      assert.match(stderr, /^holdfast: [^\n]*input or output error\nhint: /m);
      const now = JSON.stringify(await place.program.json(['snapshots']));
      assert.equal(now, before, 'a snapshot was committed although the disk did not keep it');
      return true;
    };
    // an entry of a folder that may not survive, the snapshot's own among them
    for (const folder of ['locks', 'index', 'snapshots']) {
      assert.ok(await fails('1+', '-P', join(place.repository, folder)), folder);
    }
    // a call of whatever there is, counted by each thread
    for (const when of ['1', '2', '3']) await fails(when);
    await place.program.run(['check', '--read-data']);
  },
);
