import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatabaseShape } from './database-shape.ts';
import { checkDatabase } from './rule-conflicts.ts';
import { parseMaskingRules } from './rules-file.ts';

const shape: DatabaseShape = {
  tables: [{ schema: 'shop', name: 'people', columns: [{ name: 'id' }, { name: 'email' }] }],
  uniqueKeys: [],
  foreignKeys: [],
};

function check(columns: string): string[] {
  const warnings: string[] = [];
  checkDatabase(parseMaskingRules(`columns: { ${columns} }`, 'r.yaml'), shape, (text) => warnings.push(text));
  return warnings;
}

test('a rule for a column that is not there ends everything: it is misspelt', () => {
  assert.deepEqual(check('shop.people.email: email'), []);
  assert.throws(() => check('shop.people.emial: email, "peopel.email": phone'), {
    code: 'usage',
    message: /there is no column shop\.people\.emial; .*there is no column peopel\.email$/,
  });
});

test('a pattern of any column may fit nothing, and what is kept need not be there', () => {
  assert.match(check('"*.phone": phone')[0]!, /the pattern \*\.phone fits no column/);
  assert.match(check('phone: phone')[0]!, /fits no column/);
  assert.match(check('shop.people.note: keep')[0]!, /fits no column/);
});
