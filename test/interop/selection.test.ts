/** Which entries a backup takes and where the snapshot puts them: the same as the stock restic, on random patterns and awkward targets. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Listing, listDirectory, statPath } from '../../src/sources/files/listing.ts';
import { absolutePath, baseName, directoryName, joinPath, rawPath } from '../../src/sources/files/path.ts';
import { pathToText } from '../../src/kernel/path-text.ts';
import {
  type Selection,
  type SelectionOptions,
  cacheDirectoryTag,
  createSelection,
  selectAll,
  sourceDevices,
} from '../../src/sources/files/selection.ts';
import { type TargetNode, buildTargetTree } from '../../src/sources/files/target-tree.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { smallRepository } from '../../src/testing/small-repository.ts';
import { restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? 7);
const words = ['a', 'b', 'ab', 'B', 'cache', 'x.o', 'ä'];
const pieces = [...words, '*', '**', 'a*', '*.o', '?', '[ab]', '[^a]*', '*a*b*', '\\a'];

interface Case {
  readonly name: string;
  readonly targets: readonly string[];
  readonly args: readonly string[];
  readonly rules: Partial<SelectionOptions>;
}

test('targets and excludes', { timeout: 240_000 }, async (t) => {
  if (!requireTool(t, 'restic')) return;
  const random = seededRandom(seed);
  const folder = tempFolder(t);
  const work = makeTree(folder);
  const repository = join(tempFolder(t), 'repository');
  // its key costs restic less time than the work itself
  await (await smallRepository(createLocalStorage(repository)))[Symbol.asyncDispose]();
  const program = restic({ repository, password: 'test' });
  const home = process.cwd();
  t.after(() => process.chdir(home));
  process.chdir(work);

  for (const { name, targets, args, rules } of [...fixedCases(work), ...randomCases(random)]) {
    await program.run(['backup', '--force', '--no-scan', '--quiet', ...args, ...targets], {
      cwd: work,
    });
    const { stdout } = await program.run(['ls', 'latest', '--json']);
    const theirs = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { struct_type: string; path: string; type: string })
      .filter((line) => line.struct_type === 'node')
      .map(({ path, type }) => `${type} ${path}`);
    const selection = createSelection({ ...selectAll, ...rules }, () => {});
    const ours = walkTargets(buildTargetTree(targets.map(rawPath)), '', work, selection);
    assert.deepEqual(
      ours.sort(),
      theirs.sort(),
      `${name} of seed ${seed}: ${args.join(' ')} ${targets.join(' ')}`,
    );
  }
});

function fixedCases(work: string): Case[] {
  const plain = (name: string, ...targets: string[]): Case => ({ name, targets, args: [], rules: {} });
  return [
    plain('dot', '.'),
    plain('dot dot', '..'),
    plain('below the parent', '../inside/a', '../side'),
    plain('the same name twice', 'a', '../side/a', '../side/a/../a'),
    plain('nested', 'a', 'a/b', 'a/b/ab'),
    plain('absolute and relative', `${work}/a`, 'b'),
    plain('through a symlink', 'link/b'),
    { ...plain('an excluded target', 'a'), args: ['-e', 'a'], rules: { excludes: ['a'] } },
    { ...plain('an excluded entry of dot', '.'), args: ['-e', 'a'], rules: { excludes: ['a'] } },
    {
      ...plain('tags and sizes', '.'),
      args: ['--exclude-caches', '--exclude-if-present', 'NOBACKUP', '--exclude-larger-than', '10'],
      rules: { excludeIfPresent: [cacheDirectoryTag, 'NOBACKUP'], excludeLargerThan: 10 },
    },
    {
      ...plain('one file system', '/dev/null', '/proc/sys/fs', '.'),
      args: ['-x', '-e', '/proc/sys/fs/*/**'],
      rules: {
        excludes: ['/proc/sys/fs/*/**'],
        oneFileSystem: sourceDevices(['/dev/null', '/proc/sys/fs', work].map(rawPath), rawPath(work)),
      },
    },
  ];
}

function randomCases(random: (n: number) => number): Case[] {
  const pattern = () =>
    (random(4) === 0 ? '!' : '') +
    (random(3) === 0 ? '/' : '') +
    Array.from({ length: 1 + random(4) }, () => pieces[random(pieces.length)]!).join('/');
  return Array.from({ length: 14 }, (_, i) => {
    const excludes = Array.from({ length: 1 + random(4) }, pattern);
    const insensitiveExcludes = i % 3 === 0 ? [pattern()] : [];
    const args = [
      ...excludes.flatMap((text) => ['-e', text]),
      ...insensitiveExcludes.flatMap((text) => ['--iexclude', text]),
    ];
    return {
      name: `random ${i}`,
      targets: ['.', '../side/B/x.o'],
      args,
      rules: { excludes, insensitiveExcludes },
    };
  });
}

/** A few hundred entries of names that the patterns know, three levels deep. */
function makeTree(folder: string): string {
  const work = join(folder, 'inside');
  const fill = (directory: string, depth: number) => {
    mkdirSync(directory, { recursive: true });
    for (const word of words) {
      if (depth > 0 && word !== 'x.o') fill(join(directory, word), depth - 1);
      else if (depth > 0 || word !== 'cache') writeFileSync(join(directory, word), word.repeat(5));
    }
  };
  fill(work, 2);
  fill(join(folder, 'side'), 1);
  symlinkSync('a', join(work, 'link'));
  writeFileSync(join(work, 'b', 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55');
  writeFileSync(join(work, 'ab', 'NOBACKUP'), '');
  writeFileSync(join(work, 'B', 'CACHEDIR.TAG'), 'something else that is as long as a signature');
  return work;
}

function walkTargets(node: TargetNode, place: string, work: string, selection: Selection): string[] {
  return node.children.flatMap((child) => {
    const at = `${place}/${pathToText(child.name)}`;
    if (!child.path) return [`dir ${at}`, ...walkTargets(child, at, work, selection)];
    const path = absolutePath(child.path, rawPath(work));
    const found = statPath(path);
    const rules = selection.below(directoryName(path));
    if (!child.explicit && !rules.includes(found, 0, baseName(path))) return [];
    return found.isDirectory(0)
      ? [`dir ${at}`, ...walk(path, at, selection)]
      : [`${typeName(found, 0)} ${at}`];
  });
}

function walk(directory: Uint8Array, place: string, selection: Selection): string[] {
  const listing = new Listing(listDirectory(directory));
  const rules = selection.below(directory);
  return Array.from({ length: listing.count }, (_, i) => i)
    .filter((i) => rules.includes(listing, i, listing.name(i)))
    .flatMap((i) => {
      const at = `${place}/${pathToText(listing.name(i))}`;
      if (!listing.isDirectory(i)) return [`${typeName(listing, i)} ${at}`];
      return [`dir ${at}`, ...walk(joinPath(directory, listing.name(i)), at, selection)];
    });
}

function typeName(listing: Listing, i: number): string {
  if (listing.isFile(i)) return 'file';
  return (listing.mode(i) & 0o170000) === 0o020000 ? 'chardev' : 'symlink';
}

function seededRandom(start: number): (n: number) => number {
  let state = start;
  return (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % n;
  };
}
