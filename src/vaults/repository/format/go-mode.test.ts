import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromGoMode, toGoMode } from './go-mode.ts';

test('modes of stat(2) as Go has them, and back', () => {
  const cases: readonly (readonly [st: number, go: number])[] = [
    [0o100644, 0o644],
    [0o100000, 0],
    [0o104755, 0x0080_01ed],
    [0o102755, 0x0040_01ed],
    [0o040755, 0x8000_01ed],
    [0o041777, 0x8010_01ff],
    [0o120777, 0x0800_01ff],
    [0o060660, 0x0400_01b0],
    [0o020666, 0x0420_01b6],
    [0o010644, 0x0200_01a4],
    [0o140755, 0x0100_01ed],
  ];
  for (const [st, go] of cases) {
    assert.equal(toGoMode(st), go);
    assert.equal(fromGoMode(go), st);
  }
});

test('a type that stat(2) does not have gives no format', () => {
  assert.equal(fromGoMode(0x0008_01a4), 0o644);
});
