import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
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

test('values that the server keeps apart by case alone must stay apart', () => {
  const conflicts = (type: string, rules: string, ignoresCase = false): string => {
    const column = { name: 'email', type, ignoresCase };
    const unique: DatabaseShape = {
      tables: [{ name: 'people', columns: [column] }],
      uniqueKeys: [{ schema: '', table: 'people', columns: ['email'] }],
      foreignKeys: [],
    };
    try {
      checkDatabase(parseMaskingRules(rules, 'r.yaml'), unique, () => undefined);
      return '';
    } catch (error) {
      assert.ok(hasCode(error, 'usage'));
      return error.message;
    }
  };
  const joined = 'columns: { email: { email: { ignore-case: true } } }';
  assert.equal(
    conflicts('text', joined),
    'r.yaml: people.email is unique, and the rule email with ignore-case may make two values the same',
  );
  assert.equal(conflicts('varchar(80)', joined, true), '');
  assert.equal(conflicts('text', 'columns: { email: email }'), '');
  const pseudonym = 'columns: { email: { pseudonym: { ignore-case: true } } }';
  assert.match(conflicts('text[]', pseudonym), /pseudonym with ignore-case may/);
  assert.equal(conflicts('uuid', pseudonym), '');
  assert.match(
    conflicts('text', 'email-anywhere: { email: { ignore-case: true } }'),
    /^r\.yaml: people\.email is unique, and email-anywhere may/,
  );
});
