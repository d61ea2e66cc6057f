import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { compileGlob } from './glob.ts';
import { expandVariables, parsePatternFile } from './pattern-file.ts';
import { compilePatterns, matchPath } from './pattern-list.ts';

const matches = (patterns: string | string[], path: string, insensitive = false) =>
  matchPath(compilePatterns([patterns].flat(), '--exclude', { insensitive }), path).matched;

const table: readonly (readonly [pattern: string, path: string, matched: boolean])[] = [
  ['*.go', '/src/main.go', true],
  ['*.go', '/src/main.c', false],
  ['src', '/home/src/main.c', true],
  ['src/', '/home/src', true],
  ['./src//lib', '/home/src/lib/x', true],
  ['home/*/src', '/home/user/src/x', true],
  ['home/src', '/home/user/src', false],
  ['/home', '/home', true],
  ['/home', '/x/home', false],
  ['/home/*/src', '/home/user/src/deep/down', true],
  ['/', '/anything/at/all', true],
  ['**', '/anything', true],
  ['a/**/b', '/x/a/b', true],
  ['a/**/b', '/x/a/1/2/b/y', true],
  ['a/**/b', '/x/b/a', false],
  ['/**/b', '/b', true],
  ['/a/**', '/a', true],
  ['/a/**/b', '/a/b', true],
  ['**/b', '/b', true],
  ['/a/**/b/**', '/a/b', false],
  ['/a/**/b/**', '/a/b/c', true],
  ['/a/**/b/**/c', '/a/1/b/2/c', true],
  ['/a/**/b/**/c', '/a/1/c/2/b', false],
  ['a**b', '/axxb', true],
  ['f?o', '/fäo', true],
  ['[a-c]?', '/b1', true],
  ['[^a-c]1', '/b1', false],
  ['\\*', '/*', true],
  ['\\*', '/x', false],
  ['user/.ssh', '/home/user/.ssh/id', true],
  ['relative/x', 'relative/x', true],
  ['/relative', 'relative', false],
  ['*', 'x', true],
];

test('patterns match as documented', () => {
  for (const [pattern, path, matched] of table) {
    assert.equal(matches(pattern, path), matched, `${pattern} on ${path}`);
  }
});

test('malformed patterns are named all together, with their flag', () => {
  assert.throws(
    () => compilePatterns(['fine', '[', 'a\\', '[]a]', '[a-]'], '--exclude-file'),
    (error) =>
      hasCode(error, 'usage') &&
      error.message === '--exclude-file: invalid pattern(s) provided:\n[\na\\\n[]a]\n[a-]',
  );
});

test('case is ignored only when asked', () => {
  assert.ok(matches('*.JPG', '/Bilder/ÄRGER.jpg', true));
  assert.ok(matches('ÄRGER*', '/Bilder/ärger.jpg', true));
  assert.ok(!matches('*.JPG', '/x.jpg'));
});

test('a later negation takes back, in the order given', () => {
  assert.ok(matches(['*', '!*.c'], '/foo.go'));
  assert.ok(!matches(['*', '!*.c'], '/foo.c'));
  assert.ok(matches(['*', '!*.c', 'foo*'], '/foo.c'));
  assert.ok(!matches(['!*.c'], '/foo.c'));
  assert.ok(!matches(['/home/user/*', '!/home/user/keep'], '/home/user/keep/deep/file'));
  assert.ok(matches(['/home/user/*', '!/home/user/keep'], '/home/user/other/file'));
});

test('whether something below may match is known on the way down', () => {
  const below = (patterns: string[], path: string) =>
    matchPath(compilePatterns(patterns, 'x'), path).childMayMatch;
  assert.ok(below(['/a/b/c'], '/a'));
  assert.ok(below(['/a/b/c'], '/a/b'));
  assert.ok(!below(['/a/b/c'], '/x'));
  assert.ok(!below(['/a/b/c'], '/a/x'));
  assert.ok(below(['c'], '/anything'));
  assert.ok(below(['/a/**/c'], '/a/x/y'));
  assert.ok(!below(['/a/**/c'], '/b/x/y'));
  assert.ok(below(['/a/*/c'], '/a/x'));
  assert.ok(below(['/a/b'], '/a/b/inside'));
  assert.ok(!below(['/a', '!/a/b'], '/a/b'));
});

test('the machine agrees with matching by definition on many random cases', () => {
  let seed = 42;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
  const words = ['a', 'b', 'ab', 'c'];
  const pieces = ['a', 'b', 'ab', 'a*', '*', '?b', '[ab]', '**', 'c'];
  const pick = (list: string[], n: number) => Array.from({ length: n }, () => list[random(list.length)]!);
  for (let round = 0; round < 3000; round++) {
    const path = `/${pick(words, 1 + random(5)).join('/')}`;
    const pattern = (random(2) === 0 ? '/' : '') + pick(pieces, 1 + random(4)).join('/');
    assert.equal(matches(pattern, path), byDefinition(pattern, path), `${pattern} on ${path}`);
  }
});

/** Tries every place and every expansion of `**`, counting components as the root's own one does. */
function byDefinition(pattern: string, path: string): boolean {
  const split = (text: string) =>
    text.startsWith('/') ? ['/', ...text.slice(1).split('/')] : text.split('/');
  const names = split(path);
  const match = (parts: string[]): boolean => {
    const wild = parts.indexOf('**');
    if (wild >= 0) {
      for (let n = 0; n <= names.length - parts.length + 1; n++) {
        if (match([...parts.slice(0, wild), ...Array<string>(n).fill('*'), ...parts.slice(wild + 1)]))
          return true;
      }
      return false;
    }
    if (parts.length === 0) return false;
    const rooted = parts[0] === '/';
    for (let at = rooted ? 0 : 1; at + parts.length <= names.length && (!rooted || at === 0); at++) {
      if (
        parts.every((part, i) => (part === '/' ? names[at + i] === '/' : compileGlob(part)!(names[at + i]!)))
      )
        return true;
    }
    return false;
  };
  return match(split(pattern));
}

test('a pattern with many stars ends soon', () => {
  const test = compileGlob(`${'*a'.repeat(30)}b`)!;
  const start = performance.now();
  assert.equal(test('a'.repeat(255)), false);
  assert.ok(performance.now() - start < 500);
});

test('pattern files: comments, blanks, variables, marks', () => {
  const environment = { HOME: '/home/me', EMPTY: '', 'A B': 'blank' };
  const text = '\ufeff# comment\n\n  $HOME/x  \r\n${HOME}y\n$$z\n$MISSING/q\na$\n$/b\n';
  assert.deepEqual(parsePatternFile(Buffer.from(text), environment), [
    '/home/me/x',
    '/home/mey',
    '$z',
    '/q',
    'a$',
    '$/b',
  ]);
  assert.equal(expandVariables('${}x', environment), 'x');
  assert.equal(expandVariables('${HOME', environment), 'HOME');
  assert.equal(expandVariables('$1a', environment), 'a');
  assert.deepEqual(parsePatternFile(Buffer.from('\ufeffwide\n', 'utf16le'), {}), ['wide']);
});
