/** Trees as tar: the stock programs open ours with everything, and we open theirs; hostile ones stay within the folder. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hasCode } from '../../src/kernel/errors.ts';
import { createRestoreFilter } from '../../src/sources/files/restore-filter.ts';
import { selectAll, type SelectionOptions } from '../../src/sources/files/selection.ts';
import { type ExtractOptions, type ExtractTally, extractTar } from '../../src/sources/tar/extract.ts';
import { encodeTarHeader, paddingOf, type TarEntry } from '../../src/sources/tar/header.ts';
import type { TreeTally } from '../../src/sources/tar/tree-context.ts';
import { tarOfTree } from '../../src/sources/tar/write-tree.ts';
import { runProgram } from '../support/program.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { compareTrees, makeTree } from '../support/tree.ts';

const signal = new AbortController().signal;

interface Packed {
  readonly bytes: Buffer;
  readonly tally: TreeTally;
  readonly problems: readonly string[];
}

async function pack(
  folder: string,
  paths: readonly string[],
  selection: Partial<SelectionOptions> = {},
  between?: (pieces: number) => void,
): Promise<Packed> {
  const tally: TreeTally = { files: 0, directories: 0, others: 0, bytes: 0, lost: 0 };
  const problems: string[] = [];
  process.chdir(folder);
  const archive = tarOfTree(
    {
      paths: paths.map((path) => Buffer.from(path)),
      selection: { ...selectAll, ...selection },
      problem: (path, message, lost) =>
        problems.push(`${Buffer.from(path).toString()}: ${message} (${lost ? 'lost' : 'told'})`),
      warn: (message) => problems.push(message),
    },
    tally,
    signal,
  );
  const pieces: Uint8Array[] = [];
  for await (const piece of archive) {
    pieces.push(piece);
    between?.(pieces.length);
  }
  return { bytes: Buffer.concat(pieces), tally, problems };
}

interface Unpacked extends ExtractTally {
  readonly problems: readonly string[];
}

async function unpack(
  bytes: Uint8Array,
  target: string,
  options: Partial<ExtractOptions> = {},
): Promise<Unpacked> {
  const problems: string[] = [];
  const all: ExtractOptions = {
    target: Buffer.from(target),
    filter: createRestoreFilter({
      excludes: [],
      insensitiveExcludes: [],
      includes: [],
      insensitiveIncludes: [],
    }),
    overwrite: 'always',
    policy: { ownershipByName: false, attributes: undefined },
    dryRun: false,
    problem: (path, message) => problems.push(`${Buffer.from(path).toString()}: ${message}`),
    warn: (message) => problems.push(message),
    ...options,
  };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    // one memory for all of them
    const memory = Buffer.alloc(100_003);
    for (let at = 0; at < bytes.length; at += memory.length) {
      yield memory.subarray(
        0,
        memory.write(Buffer.from(bytes.subarray(at, at + memory.length)).toString('latin1'), 'latin1'),
      );
      memory.fill(0xee);
    }
  }
  return { ...(await extractTar(pieces(), all, signal)), problems };
}

interface Folders {
  readonly source: string;
  readonly target: string;
  readonly folder: string;
}

function folders(t: TestContext): Folders {
  const folder = tempFolder(t, 'holdfast-tar');
  const before = process.cwd();
  t.after(() => process.chdir(before));
  const source = join(folder, 'source');
  const target = join(folder, 'target');
  mkdirSync(source);
  mkdirSync(target);
  return { folder, source, target };
}

/** A small archive of entries as somebody hostile would make it. */
function craft(
  ...entries: (Partial<TarEntry> & { readonly path: string; readonly text?: string })[]
): Buffer {
  const parts = entries.flatMap(({ path, text = '', ...entry }) => {
    const content = Buffer.from(text);
    const header = encodeTarHeader({
      ...{ type: 'file', name: Buffer.from(path), linkname: Buffer.alloc(0), mode: 0o644, uid: 0, gid: 0 },
      ...{ uname: '', gname: '', size: content.length, mtime: 1, records: new Map() },
      ...entry,
    } as TarEntry);
    return [header, content, Buffer.alloc(paddingOf(content.length))];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

test(
  'stock tar restores a tree with everything from ours',
  { skip: skipWithout('tar', 'setfattr', 'setfacl') },
  async (t) => {
    const { source, target, folder } = folders(t);
    makeTree(source);
    const { bytes, tally, problems } = await pack(source, ['.']);
    assert.deepEqual(problems, []);
    assert.equal(tally.lost, 0);
    writeFileSync(join(folder, 'ours.tar'), bytes);
    const flags = [
      '--xattrs',
      '--xattrs-include=*',
      '--acls',
      '--same-owner',
      '--numeric-owner',
      '-p',
      '--warning=no-timestamp',
    ];
    const { stderr } = await runProgram(
      toolPath('tar'),
      ['-x', ...flags, '-f', join(folder, 'ours.tar'), '-C', target],
      { env: { LC_ALL: 'C' } },
    );
    // POSIX's word for names that are no text, which it need not know
    assert.equal(stderr.replaceAll(/.*: Ignoring unknown extended header keyword 'hdrcharset'\n/g, ''), '');
    assert.deepEqual(compareTrees(source, target, { roots: false }), []);
  },
);

test('bsdtar restores the same', { skip: skipWithout('bsdtar', 'setfattr', 'setfacl') }, async (t) => {
  const { source, target, folder } = folders(t);
  makeTree(source);
  writeFileSync(join(folder, 'ours.tar'), (await pack(source, ['.'])).bytes);
  const { stderr } = await runProgram(
    toolPath('bsdtar'),
    ['-x', '-p', '--numeric-owner', '-f', join(folder, 'ours.tar'), '-C', target],
    {
      env: { LC_ALL: 'C.UTF-8' },
    },
  );
  assert.equal(stderr, '');
  // it composes letters and accents, and reads half a second before 1970 the other way round
  const found = compareTrees(source, target, { roots: false, attributes: false });
  assert.deepEqual(
    found.filter((line) => !line.includes('mtime -864005') && !/odd\/(?:eÌ.*|Ã©)": only in/.test(line)),
    [],
  );
});

test(
  'we restore the same from ours, and from those of GNU tar and bsdtar',
  { skip: skipWithout('tar', 'bsdtar', 'setfattr', 'setfacl') },
  async (t) => {
    const { source, folder } = folders(t);
    makeTree(source);
    const gnu = toolPath('tar');
    const make = async (program: string, ...args: string[]): Promise<Buffer> => {
      const file = join(folder, 'theirs.tar');
      await runProgram(program, [...args, '-cf', file, '-C', source, '.'], {
        env: { LC_ALL: 'C.UTF-8' },
        expect: 'any',
      });
      return readFileSync(file);
    };
    const archives = {
      ours: (await pack(source, ['.'])).bytes,
      'GNU tar, POSIX': await make(gnu, '--format=posix', '--xattrs', '--acls'),
      'GNU tar, POSIX with holes': await make(gnu, '--format=posix', '--xattrs', '--acls', '-S'),
      'GNU tar, POSIX with holes of 0.1': await make(
        gnu,
        '--format=posix',
        '--xattrs',
        '--acls',
        '-S',
        '--sparse-version=0.1',
      ),
      'GNU tar, POSIX with holes of 0.0': await make(
        gnu,
        '--format=posix',
        '--xattrs',
        '--acls',
        '-S',
        '--sparse-version=0.0',
      ),
      bsdtar: await make(toolPath('bsdtar'), '--format=pax', '--xattrs', '--acls'),
    };
    for (const [name, bytes] of Object.entries(archives)) {
      const target = join(folder, name);
      const { problems, errors } = await unpack(bytes, target);
      assert.deepEqual(problems, [], name);
      assert.equal(errors, 0);
      const holes = name.includes('holes') || name === 'bsdtar';
      // bsdtar says -86401.5 of half a second before -86401
      const found = compareTrees(source, target, { roots: false, holes }).filter(
        (line) => name !== 'bsdtar' || !line.includes('mtime -864005'),
      );
      assert.deepEqual(found, [], name);
      rmSync(target, { recursive: true });
    }
    // of times before 1970, nanoseconds and attributes this form knows nothing
    for (const [name, ...args] of [
      ['GNU', '--format=gnu'],
      ['GNU with holes', '--format=gnu', '-S'],
      ['ustar', '--format=ustar', '--exclude=one byte', '--exclude=modes'],
      [
        'v7',
        '--format=v7',
        '--exclude=plain',
        '--exclude=fifo',
        '--exclude=null',
        '--exclude=block',
        '--exclude=modes',
      ],
    ] as const) {
      const target = join(folder, name);
      const { problems } = await unpack(await make(gnu, ...args), target);
      assert.deepEqual(problems, [], name);
      const found = compareTrees(source, target, { roots: false, times: false, attributes: false });
      assert.deepEqual(
        found.filter((line) => !line.includes('only in') && !line.includes('hard link')),
        [],
        name,
      );
      if (name.startsWith('GNU')) assert.deepEqual(found, [], name);
    }
  },
);

test('a selection is what is packed', async (t) => {
  const { source } = folders(t);
  for (const name of ['a', 'a/b', 'a/c', 'd']) mkdirSync(join(source, name));
  for (const name of ['a/x.txt', 'a/b/y.tmp', 'a/c/z', 'd/w']) writeFileSync(join(source, name), name);
  const { bytes } = await pack(source, ['a', 'd/w'], { excludes: ['*.tmp', 'c'] });
  const { stdout } = await runProgram('tar', ['-t'], { input: bytes });
  assert.deepEqual(stdout.trim().split('\n'), ['a/', 'a/b/', 'a/x.txt', 'd/', 'd/w']);
  await assert.rejects(pack(source, ['.'], { excludes: ['*'] }), {
    code: 'failed',
    message: /would be empty/,
  });
});

test('what changes while it is read is told, and the archive is a whole one', async (t) => {
  const { source } = folders(t);
  const at = (name: string): string => join(source, name);
  // the first is longer than what is read at once, the others wait behind it
  for (const name of ['1 shrinks', '2 grows']) writeFileSync(at(name), Buffer.alloc(6_000_000, 'x'));
  writeFileSync(at('3 vanishes'), 'soon');
  mkdirSync(at('4 folder'));
  writeFileSync(at('4 folder/file'), 'inside');
  writeFileSync(at('5 stays'), 'to the end');
  let step = 0;
  const { bytes, tally, problems } = await pack(source, ['.'], {}, () => {
    step++;
    if (step === 2) truncateSync(at('1 shrinks'), 3_000_000);
    if (step === 2) rmSync(at('3 vanishes'));
    if (step === 2) rmSync(at('4 folder'), { recursive: true });
    if (step === 8) appendFileSync(at('2 grows'), 'more');
  });
  assert.equal(tally.lost, 3);
  const said = problems.map((line) => line.replace(`${source}/`, ''));
  assert.match(
    said[0]!,
    /^1 shrinks: the file became shorter while it was read: 3000000 bytes are zeros \(lost\)$/,
  );
  assert.match(said[1]!, /^2 grows: the file changed while it was read; .* \(told\)$/);
  assert.match(said[2]!, /^3 vanishes: .*no such file or directory \(lost\)$/);
  assert.match(said[3]!, /^4 folder: .*no such file or directory \(lost\)$/);
  const { stdout, stderr } = await runProgram('tar', ['-tv', '--quoting-style=literal'], { input: bytes });
  assert.equal(stderr, '');
  const sizes = stdout
    .trim()
    .split('\n')
    .map((line) => /\s(\d+) \d{4}-\d\d-\d\d \S+ (.*)$/.exec(line)!.slice(1).join(' '));
  assert.deepEqual(sizes, ['6000000 1 shrinks', '6000000 2 grows', '10 5 stays']);
});

test('a hostile archive writes nothing outside of the folder', async (t) => {
  const { folder, target } = folders(t);
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'file'), 'untouched');
  symlinkSync(outside, join(target, 'standing'));
  const link = (path: string, to: string, type: 'link' | 'symlink' = 'symlink') => ({
    path,
    type,
    linkname: Buffer.from(to),
  });
  const { problems } = await unpack(
    craft(
      { path: '../outside/new', text: 'evil' },
      { path: 'a/../../outside/new', text: 'evil' },
      { path: '/absolute', text: 'stays inside' },
      link('door', outside),
      { path: 'door/new', text: 'evil' },
      link('file', join(outside, 'file')),
      { path: 'file', text: 'evil' },
      { path: 'standing/new', text: 'evil' },
      link('hard', '../outside/file', 'link'),
      { path: 'hard', text: 'evil' },
      link('up', '..'),
      { path: 'up/outside/new', text: 'evil' },
      link('chain', 'up/outside/file', 'link'),
    ),
    target,
  );
  assert.deepEqual(readdirSync(outside), ['file']);
  assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'untouched');
  assert.equal(lstatSync(join(outside, 'file')).nlink, 1);
  assert.equal(readFileSync(join(target, 'absolute'), 'utf8'), 'stays inside');
  assert.ok(!existsSync(join(folder, 'new')));
  assert.equal(problems.length, 4, problems.join('\n'));
});

test('what stands there stays when it is to', async (t) => {
  const { target } = folders(t);
  writeFileSync(join(target, 'a'), 'mine');
  const archive = craft({ path: 'a', text: 'theirs' }, { path: 'b', text: 'theirs' });
  assert.equal((await unpack(archive, target, { dryRun: true })).files, 2);
  assert.ok(!existsSync(join(target, 'b')));
  assert.equal((await unpack(archive, target, { overwrite: 'never' })).skipped, 1);
  assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'mine');
  const filter = createRestoreFilter({
    excludes: [],
    insensitiveExcludes: [],
    includes: ['/a'],
    insensitiveIncludes: [],
  });
  rmSync(join(target, 'b'));
  assert.equal((await unpack(archive, target, { filter })).files, 1);
  assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'theirs');
  assert.ok(!existsSync(join(target, 'b')));
});

test('cut off and altered archives are errors', async (t) => {
  const { source, target } = folders(t);
  writeFileSync(join(source, 'a'), Buffer.alloc(100_000, 'a'));
  writeFileSync(join(source, 'b'.repeat(200)), 'x');
  const { bytes } = await pack(source, ['.']);
  for (const length of [0, 100, 512, 50_000, bytes.length - 1536, bytes.length - 1024]) {
    await assert.rejects(
      unpack(bytes.subarray(0, length), target),
      (error) => hasCode(error, 'truncated', 'corrupt'),
      `${length}`,
    );
  }
  const altered = Buffer.from(bytes);
  altered[10]! ^= 1;
  await assert.rejects(unpack(altered, target), { code: 'corrupt', message: /no tar archive/ });
});
