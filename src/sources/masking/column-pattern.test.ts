import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseColumnPattern, quoteName } from './column-pattern.ts';

function fits(
  pattern: string,
  ...names: [schema: string | undefined, table: string, column: string]
): boolean {
  return parseColumnPattern(pattern)!.matches(...names);
}

test('names are compared from the right', () => {
  assert.ok(fits('public.users.email', 'public', 'users', 'email'));
  assert.ok(!fits('public.users.email', 'crm', 'users', 'email'));
  assert.ok(!fits('public.users.email', undefined, 'users', 'email'));
  assert.ok(fits('users.email', 'crm', 'users', 'email'));
  assert.ok(fits('*.email', 'crm', 'people', 'email'));
  assert.ok(fits('*.users.email', undefined, 'users', 'email'));
  assert.ok(fits('email', undefined, 'people', 'email'));
  assert.ok(fits('crm.*.phone*', 'crm', 'people', 'phone_home'));
  assert.ok(!fits('crm.*.phone*', 'crm', 'people', 'telephone'));
});

test('case counts in quotes only, and a quoted name is no pattern', () => {
  assert.ok(fits('Users.EMAIL', undefined, 'users', 'Email'));
  assert.ok(!fits('users."EMAIL"', undefined, 'users', 'Email'));
  assert.ok(fits('"a.b"."*".x', 'a.b', '*', 'x'));
  assert.ok(!fits('"a.b"."*".x', 'a.b', 'users', 'x'));
});

test('malformed patterns are none', () => {
  for (const text of ['', '.', 'a.', '.a', 'a..b', 'a.b.c.d', '"a', 'a"b', '""', '[a', 'a.b"c"']) {
    assert.equal(parseColumnPattern(text), undefined, text);
  }
});

test('a quoted name fits itself and no other', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ minLength: 1 }), (name, other) => {
      const pattern = parseColumnPattern(`${quoteName(name)}.x`)!;
      assert.ok(pattern.matches(undefined, name, 'x'));
      if (other.toLowerCase() !== name.toLowerCase()) assert.ok(!pattern.matches(undefined, other, 'x'));
    }),
  );
});
