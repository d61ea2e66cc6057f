import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HoldfastError, hasCode } from '../../kernel/errors.ts';
import { loadMaskingRules, parseMaskingRules } from './rules-file.ts';

test('a file with every rule, in YAML and as JSON', () => {
  const rules = parseMaskingRules(
    `version: 1
key: env:MASKING_KEY
strict: true
email-anywhere: nobody@example.com
columns:
  public.users.email: email
  '*.email': { email: { domain: example.org, ignore-case: true } }
  crm.*.phone*: { phone: { prefix: '0999' } }
  users.code: { fixed: 007 }
  users.note:
  users.memo: null
  users.first: { name: first }
  users.city: { address: city }
  users.bio: text
  users.salary: { number: 10% }
  users.points: { number: 500 }
  users.born: { date: 30 days }
  users.customer: { pseudonym: { scope: customers } }
  users.country: { keep: { anywhere: false } }
  users.document:
    json:
      $.contact.email: email
      $..phone: phone
      $['odd key'][0]: keep
`,
    'masking.yaml',
  );
  assert.equal(rules.key, 'env:MASKING_KEY');
  assert.equal(rules.strict, true);
  assert.deepEqual(rules.emailAnywhere, { kind: 'fixed', value: 'nobody@example.com' });
  const kinds = rules.columns.map(({ pattern, rule }) => [pattern.text, rule]);
  assert.deepEqual(kinds.slice(0, -1), [
    ['public.users.email', { kind: 'email', domain: 'example.com', ignoreCase: false }],
    ['*.email', { kind: 'email', domain: 'example.org', ignoreCase: true }],
    ['crm.*.phone*', { kind: 'phone', prefix: '0999' }],
    ['users.code', { kind: 'fixed', value: '007' }],
    ['users.note', { kind: 'null' }],
    ['users.memo', { kind: 'null' }],
    ['users.first', { kind: 'name', part: 'first' }],
    ['users.city', { kind: 'address', part: 'city' }],
    ['users.bio', { kind: 'text' }],
    ['users.salary', { kind: 'number', by: { share: 0.1 } }],
    ['users.points', { kind: 'number', by: { amount: 500 } }],
    ['users.born', { kind: 'date', seconds: 30 * 86_400 }],
    ['users.customer', { kind: 'pseudonym', scope: 'customers', ignoreCase: false }],
    ['users.country', { kind: 'keep', anywhere: false }],
  ]);
  const json = rules.columns.at(-1)!.rule;
  assert.ok(json.kind === 'json');
  assert.deepEqual(
    json.paths.map(({ path, rule }) => [path.text, rule.kind]),
    [
      ['$.contact.email', 'email'],
      ['$..phone', 'phone'],
      ["$['odd key'][0]", 'keep'],
    ],
  );
  assert.equal(rules.columns[3]!.place, 'masking.yaml, line 9, column 3');

  const same = parseMaskingRules('{"columns": {"a.b": {"number": "10%"}, "c": null}}', 'masking.json');
  assert.deepEqual(
    same.columns.map(({ rule }) => rule.kind),
    ['number', 'null'],
  );
});

const mistakes: readonly (readonly [yaml: string, place: string, message: RegExp])[] = [
  ['columns:\n  a.b: emial\n', 'line 2, column 8', /emial is not a rule, expected one of keep, null, fixed/],
  ['columns:\n  a..b: email\n', 'line 2, column 3', /expected a pattern such as schema\.table\.column/],
  ['columns:\n  a.b.c.d: email\n', 'line 2, column 3', /expected a pattern/],
  ['columns:\n  a.[b: email\n', 'line 2, column 3', /expected a pattern/],
  [
    'columns:\n  a.b: { email: { domian: x.org } }\n',
    'line 2, column 19',
    /unknown option domian, expected domain/,
  ],
  ['columns:\n  a.b: { email: { domain: x y } }\n', 'line 2, column 27', /expected a domain/],
  ['columns:\n  a.b: { date: soon }\n', 'line 2, column 16', /such as 30 days/],
  ['columns:\n  a.b: { date: 200 years }\n', 'line 2, column 16', /at most 100 years/],
  ['columns:\n  a.b: { number: 0 }\n', 'line 2, column 18', /such as 10% or 500/],
  ['columns:\n  a.b: { number: 200% }\n', 'line 2, column 18', /at most 100%/],
  ['columns:\n  a.b: { name: middle }\n', 'line 2, column 16', /expected one of full, first, last/],
  ['columns:\n  a.b: { text: long }\n', 'line 2, column 10', /the rule text has no options/],
  ['columns:\n  a.b: fixed\n', 'line 2, column 8', /expected the value/],
  ['columns:\n  a.b: { email: , name: }\n', 'line 2, column 8', /expected one rule/],
  ['columns:\n  a.b: { json: { email: email } }\n', 'line 2, column 18', /expected a path such as/],
  ['columns:\n  a.b: { json: { $.x: { json: { $.y: text } } } }\n', 'line 2, column 23', /json within json/],
  ['columns:\n  a.b: { keep: { anywhere: no } }\n', 'line 2, column 28', /expected true or false/],
  ['columns: [a]\n', 'line 1, column 10', /expected patterns of columns/],
  ['colums: {}\n', 'line 1, column 1', /unknown setting colums, expected one of version, key/],
  ['strict: yes\n', 'line 1, column 9', /expected true or false/],
  ['version: 2\n', 'line 1, column 10', /expected version 1/],
  ['email-anywhere: nobody\n', 'line 1, column 17', /expected an e-mail address/],
  ['a: [\n', 'line 2, column 1', /./],
  ['columns:\n  a.b: text\n  a.b: name\n', 'line 3, column 3', /unique/],
  ['- a\n', 'line 1, column 1', /expected rules/],
];

for (const [yaml, place, message] of mistakes) {
  test(`says where and what: ${JSON.stringify(yaml)}`, () => {
    assert.throws(
      () => parseMaskingRules(yaml, 'masking.yaml'),
      (error) => {
        assert.ok(hasCode(error, 'usage'));
        assert.ok(error.message.startsWith(`masking.yaml, ${place}: `), error.message);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('a key in plain is refused and not repeated', () => {
  assert.throws(
    () => parseMaskingRules('key: hunter2hunter2hunter2\n', 'masking.yaml'),
    (error) => error instanceof HoldfastError && error.code === 'usage' && !error.message.includes('hunter2'),
  );
});

test('reads a file, and names one that is missing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'masking-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'masking.yaml');
  await assert.rejects(loadMaskingRules(path), (error) => hasCode(error, 'not-found'));
  writeFileSync(path, 'columns: { email: email }');
  assert.equal((await loadMaskingRules(path)).columns.length, 1);
  await assert.rejects(loadMaskingRules(folder), (error) => hasCode(error, 'failed'));
});
