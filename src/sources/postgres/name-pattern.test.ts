/** Patterns of names mean what they mean to psql. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { exactPattern, parseDatabasePattern, parseNamePattern } from './name-pattern.ts';

test('patterns of names', () => {
  for (const [pattern, schema, name] of [
    ['orders', undefined, 'orders'],
    ['Or*', undefined, 'or.*'],
    ['"Or*"', undefined, 'Or\\*'],
    ['a?.B"C"d', 'a.', 'bCd'],
    ['"a.b".c', 'a\\.b', 'c'],
    ['"say ""hi"""', undefined, 'say "hi"'],
    ['pay$', undefined, 'pay\\$'],
    ['[0-9]x', undefined, '[0-9]x'],
    ['db.s.t', 's', 't'],
    ['ÄB', undefined, 'Äb'],
  ] as const) {
    const whole = (part: string | undefined) => part && `^(${part})$`;
    assert.deepEqual(parseNamePattern(pattern), { schema: whole(schema), name: whole(name) }, pattern);
  }
});

test('patterns of databases have no schemas', () => {
  assert.equal(parseDatabasePattern('shop.*'), '^(shop\\..*)$');
  assert.equal(parseDatabasePattern('"A.""b".C'), '^(A\\."b\\.c)$');
});

test('a pattern for one name matches nothing else', () => {
  for (const name of ['plain', 'With "quotes"', 'a.b', 'x*', '(', '\\d', '$', 'line\nfeed']) {
    const { schema, name: expression } = parseNamePattern(exactPattern('a.b', name));
    assert.match('a.b', new RegExp(schema!));
    assert.match(name, new RegExp(expression));
    assert.doesNotMatch(`${name}x`, new RegExp(expression));
  }
});
