import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { existingTargets, parseFilesFrom, parseFilesFromRaw, parseFilesFromVerbatim } from './files-from.ts';
import { rawPath } from './path.ts';
import { type TargetNode, buildTargetTree } from './target-tree.ts';

const room = mkdtempSync(`${tmpdir()}/holdfast-tree-`);
const home = process.cwd();
before(() => {
  for (const dir of ['base/sub', 'base/other', 'sub', 'work/inner'])
    mkdirSync(`${room}/${dir}`, { recursive: true });
  for (const file of ['base/one.txt', 'base/two.txt', 'base/sub/x', 'sub/y', 'work/z', 'work/inner/w']) {
    writeFileSync(`${room}/${file}`, '');
  }
  process.chdir(`${room}/work`);
});
after(() => {
  process.chdir(home);
  rmSync(room, { recursive: true, force: true });
});

/** One line a node: the place in the snapshot, where it comes from, or in brackets where its metadata does. */
function lines(node: TargetNode, above = ''): string[] {
  return node.children.flatMap((child) => {
    const place = `${above}/${Buffer.from(child.name).toString()}`;
    const from = child.path
      ? `${Buffer.from(child.path).toString()}${child.explicit ? ' explicit' : ''}`
      : `(${Buffer.from(child.metadataPath!).toString()})`;
    return [`${place} ${from}`, ...lines(child, place)];
  });
}
const tree = (...targets: string[]) => lines(buildTargetTree(targets.map(rawPath)));

test('an absolute path keeps every directory above it', () => {
  assert.deepEqual(tree('/a/b/c/', '/a/d'), [
    '/a (/a)',
    '/a/b (/a/b)',
    '/a/b/c /a/b/c explicit',
    '/a/d /a/d explicit',
  ]);
});

test('relative paths begin where they say', () => {
  assert.deepEqual(tree('inner/w', 'z'), ['/inner (inner)', '/inner/w inner/w explicit', '/z z explicit']);
  assert.deepEqual(tree('../base/sub'), ['/base (../base)', '/base/sub ../base/sub explicit']);
});

test('dots stand for what is inside, and are not named by the user', () => {
  assert.deepEqual(tree('.'), ['/inner inner', '/z z']);
  assert.deepEqual(tree('..'), ['/base ../base', '/sub ../sub', '/work ../work']);
});

test('the same name from two directories gets a number', () => {
  assert.deepEqual(tree('sub', '../sub', '../../sub'), [
    '/sub sub explicit',
    '/sub-1 ../sub explicit',
    '/sub-2 ../../sub explicit',
  ]);
});

test('a target inside another is spread out, and a repeated one counts once', () => {
  assert.deepEqual(tree('../base', '../base/sub', '../base/'), [
    '/base (../base)',
    '/base/one.txt ../base/one.txt',
    '/base/other ../base/other',
    '/base/sub ../base/sub explicit',
    '/base/two.txt ../base/two.txt',
  ]);
});

test('lists of files', () => {
  const text = (paths: Uint8Array[]) => paths.map((path) => Buffer.from(path).toString('latin1'));
  const warnings: string[] = [];
  const from = parseFilesFrom(
    Buffer.from(' # no\n\n../base/*.txt \n  z\n../*/sub\nmissing\n../nothing*\n'),
    (m) => warnings.push(m),
  );
  assert.deepEqual(text(from), ['../base/one.txt', '../base/two.txt', 'z', '../base/sub']);
  assert.equal(warnings.length, 2);
  assert.throws(() => parseFilesFrom(Buffer.from('['), () => {}), /syntax error in pattern/);
  assert.deepEqual(text(parseFilesFromVerbatim(Buffer.from(' a\n\n#b\nc\xff\r\n', 'latin1'))), [
    ' a',
    '#b',
    'c\xff',
  ]);
  assert.deepEqual(text(parseFilesFromRaw(Buffer.from('a\nb\0\xff\0', 'latin1'))), ['a\nb', '\xff']);
  assert.throws(() => parseFilesFromRaw(Buffer.from('a')), /trailing zero byte/);
  assert.throws(() => parseFilesFromRaw(Buffer.from('\0')), /empty filename/);
  const { existing, missing } = existingTargets(['z', 'nope'].map(rawPath));
  assert.deepEqual(text(existing), ['z']);
  assert.deepEqual(missing, [{ path: rawPath('nope'), absent: true }]);
});
