import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableShape } from './column-type.ts';
import { createMaskingKey } from './keyed-functions.ts';
import { createRowMasker } from './copy-rows.ts';
import { checkDatabase } from './rule-conflicts.ts';
import { parseMaskingRules } from './rules-file.ts';
import { openPaths } from './open-paths.ts';
import { suggestRules, uncovered } from './suggest-rules.ts';
import type { DatabaseSample } from './table-sample.ts';
import { writeRules } from './write-rules.ts';

const people: TableShape = {
  schema: 'public',
  name: 'people',
  columns: [
    { name: 'id', type: 'integer', unique: true },
    { name: 'E mail: "x"', type: 'character varying(80)', unique: true },
    { name: 'full_name', type: 'text', unique: true },
    { name: 'Contact', type: 'text' },
    { name: 'born', type: 'date' },
    { name: 'tel', type: 'text[]' },
    { name: 'doc', type: 'jsonb' },
    {
      name: 'home',
      type: 'record',
      fields: [
        { name: 'street', type: 'text' },
        { name: 'no', type: 'integer' },
      ],
    },
    { name: 'ip', type: 'inet', unique: true },
    { name: 'is_email_confirmed', type: 'boolean' },
    { name: 'short_email', type: 'varchar(20)' },
    { name: 'true', type: 'text' },
  ],
};
const orders: TableShape = {
  schema: 'public',
  name: 'orders',
  columns: [{ name: 'buyer', type: 'character varying(80)' }],
};
/** A table that inherits from another, with a column of its own. */
const part: TableShape = {
  schema: 'public',
  name: 'people_2',
  within: [people],
  columns: [...people.columns, { name: 'own_phone', type: 'text' }],
};

const sample: DatabaseSample = {
  shape: {
    tables: [people, orders, part],
    uniqueKeys: [
      { schema: 'public', table: 'people', columns: ['E mail: "x"'] },
      { schema: 'public', table: 'people', columns: ['full_name'] },
    ],
    foreignKeys: [
      {
        from: { schema: 'public', table: 'orders', columns: ['buyer'] },
        to: { schema: 'public', table: 'people', columns: ['E mail: "x"'] },
      },
    ],
  },
  async *tables() {
    const row = [
      ...[
        '1',
        undefined,
        'Ada Byron',
        'call +358401234567',
        '1815-12-10',
        '{+358401234567,"+358 50 1234567"}',
      ],
      ...[
        '{"a":[{"e mail":"ada@example.org","n":5}]}',
        '("Baker Street 5",5)',
        '10.0.0.1',
        't',
        undefined,
        'x',
      ],
    ];
    yield { table: part, rows: [row, row.with(3, 'ask ada@example.org')] };
  },
};

test('rules that load, fit, and hold for keys', async () => {
  const suggestions = await suggestRules(sample);
  assert.deepEqual(
    suggestions.map(({ column, rule }) => [column, rule]),
    [
      ['id', 'keep'],
      ['E mail: "x"', 'email'],
      ['full_name', 'pseudonym'],
      ['Contact', 'text'],
      ['born', { date: '90 days' }],
      ['tel', 'phone'],
      ['doc', { json: { "$.a[*]['e mail']": 'email', '$.a[*].n': 'keep' } }],
      ['home', { fields: { street: { address: 'street' }, no: 'keep' } }],
      ['ip', 'keep'],
      ['is_email_confirmed', 'keep'],
      ['short_email', 'pseudonym'],
      ['true', 'keep'],
      ['buyer', 'email'],
      ['own_phone', 'phone'],
    ],
  );
  const rules = parseMaskingRules(writeRules(suggestions, 'odd\nname'), 'rules.yaml');
  assert.equal(rules.strict, true);
  const warnings: string[] = [];
  checkDatabase(rules, sample.shape, (message) => warnings.push(message));
  assert.deepEqual(warnings, []);
  const key = createMaskingKey(Buffer.from('0123456789abcdef'));
  for (const table of sample.shape.tables) createRowMasker(rules, key, table);
  assert.deepEqual(
    uncovered(rules, suggestions).map(({ column }) => column),
    ['ip'],
  );
  const lax = parseMaskingRules(
    `columns: { people.*: keep, orders.buyer: { keep: { anywhere: false } } }`,
    'rules.yaml',
  );
  assert.deepEqual(
    uncovered(lax, suggestions).map(({ column }) => column),
    ['E mail: "x"', 'full_name', 'Contact', 'born', 'tel', 'doc', 'home', 'ip', 'short_email', 'own_phone'],
  );
  // what nothing but addresses makes personal, email-anywhere masks
  const anywhere = parseMaskingRules('email-anywhere: email', 'rules.yaml');
  assert.deepEqual(
    uncovered(anywhere, suggestions).map(({ column }) => column),
    ['E mail: "x"', 'full_name', 'born', 'tel', 'home', 'ip', 'short_email', 'buyer', 'own_phone'],
  );
});

test('a database without tables', async () => {
  const none: DatabaseSample = {
    shape: { tables: [], uniqueKeys: [], foreignKeys: [] },
    async *tables() {},
  };
  const text = writeRules(await suggestRules(none), 'x');
  assert.deepEqual(parseMaskingRules(text, 'rules.yaml').columns, []);
  assert.equal(parseMaskingRules(text, 'rules.yaml').largeObjects, undefined);
  const large = parseMaskingRules(writeRules([], 'x', true), 'rules.yaml');
  assert.equal(large.largeObjects, 'empty');
});

test('paths that strict rules have nothing for are found in the sample', async () => {
  const rules = (text: string) => parseMaskingRules(text, 'rules.yaml');
  const some = "columns: { doc: { json: { '$.a[*].n': keep } }, '*': keep }";
  assert.deepEqual([...(await openPaths(rules(some), sample)).values()], []);
  const found = await openPaths(rules(`strict: true\n${some}`), sample);
  assert.deepEqual([...found.values()], [["$.a[*]['e mail']"]]);
});
