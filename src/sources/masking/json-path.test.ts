import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitsTrail, parseJsonPath } from './json-path.ts';

const cases: readonly (readonly [path: string, trail: (string | number)[], fits: boolean])[] = [
  ['$', [], true],
  ['$', ['a'], false],
  ['$.a', ['a'], true],
  ['$.a', ['a', 'b'], false],
  ['$.a.b', ['a', 'b'], true],
  ['$.a-b.ö', ['a-b', 'ö'], true],
  ["$['odd key'].x", ['odd key', 'x'], true],
  ['$["it\\"s"]', ['it"s'], true],
  ['$.list[*].x', ['list', 7, 'x'], true],
  ['$.list[2]', ['list', 2], true],
  ['$.list[2]', ['list', 3], false],
  ['$.*.x', ['a', 'x'], true],
  ['$..x', ['x'], true],
  ['$..x', ['a', 0, 'b', 'x'], true],
  ['$..x', ['x', 'a'], false],
  ['$.a..x[*]', ['a', 'b', 'x', 1], true],
  ['$..*', ['a', 'b'], true],
  ['$..*', [], false],
  ["$..['x']", ['a', 'x'], true],
];

for (const [path, trail, expected] of cases) {
  test(`${path} ${expected ? 'fits' : 'does not fit'} ${JSON.stringify(trail)}`, () => {
    assert.equal(fitsTrail(parseJsonPath(path)!, trail), expected);
  });
}

test('malformed paths are none', () => {
  for (const text of ['', 'a', '$a', '$.', '$..', '$...a', '$.a.', '$[', '$[x]', "$['a", '$.a b', '$[-1]']) {
    assert.equal(parseJsonPath(text), undefined, text);
  }
});
