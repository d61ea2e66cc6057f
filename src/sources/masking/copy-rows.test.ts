import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../kernel/errors.ts';
import type { TableShape } from './column-type.ts';
import { createRowMasker } from './copy-rows.ts';
import { createMaskingKey } from './keyed-functions.ts';
import { parseMaskingRules } from './rules-file.ts';

const key = createMaskingKey(Buffer.from('0123456789abcdef'));

const people: TableShape = {
  schema: 'public',
  name: 'people',
  columns: [
    { name: 'id', type: 'integer' },
    { name: 'email', type: 'character varying(60)' },
    { name: 'name', type: 'text' },
    { name: 'note', type: 'text' },
    { name: 'token', type: 'bytea' },
    { name: 'data', type: 'jsonb' },
  ],
};

function mask(rules: string, rows: string, table = people): string {
  const masker = createRowMasker(parseMaskingRules(rules, 'masking.yaml'), key, table);
  return Buffer.from(masker.mask(Buffer.from(rows))).toString();
}

/** A field as PostgreSQL writes it. */
function encode(value: string | null): string {
  if (value === null) return '\\N';
  const letters: Record<string, string> = {
    '\\': '\\\\',
    '\t': '\\t',
    '\n': '\\n',
    '\r': '\\r',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
  };
  return value.replaceAll(/[\\\t\n\r\b\f\v]/g, (char) => letters[char]!);
}

function decode(field: string): string | null {
  if (field === '\\N') return null;
  const meanings: Record<string, string> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', v: '\v' };
  return field.replaceAll(/\\(.)/gs, (_, char: string) => meanings[char] ?? char);
}

const field = fc.option(
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
  { freq: 5 },
);
const row = fc.tuple(field, field, field, field).map((fields) => fields.map((value) => encode(value)));

test('masked columns change, others stay byte for byte, NULL stays NULL, rows and columns keep their number', () => {
  const table: TableShape = {
    name: 't',
    columns: ['a', 'b', 'c', 'd'].map((name) => ({ name, type: 'text' })),
  };
  const rules = parseMaskingRules('columns: { b: pseudonym, d: { fixed: "tab\\t line\\n \\\\" } }', 'x');
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
      const input = Buffer.from(rows.map((fields) => `${fields.join('\t')}\n`).join(''));
      const before = Buffer.from(input);
      const masker = createRowMasker(rules, key, table);
      const output = Buffer.from(masker.mask(input)).toString();
      assert.ok(input.equals(before));
      assert.equal(masker.rows, rows.length);
      const lines = output.split('\n');
      assert.equal(lines.pop(), '');
      assert.equal(lines.length, rows.length);
      for (const [i, line] of lines.entries()) {
        const [was, is] = [rows[i]!, line.split('\t')];
        assert.equal(is.length, 4);
        assert.equal(is[0], was[0]);
        assert.equal(is[2], was[2]);
        assert.equal(is[1] === '\\N', was[1] === '\\N');
        assert.equal(is[3], was[3] === '\\N' ? '\\N' : 'tab\\t line\\n \\\\');
        const value = decode(was[1]!);
        if (value !== null && /[a-zA-Z0-9\x80-\u{10ffff}]/u.test(value))
          assert.notEqual(decode(is[1]!), value);
      }
    }),
  );
});

test('the cuts between slabs do not count', () => {
  const rules = parseMaskingRules('columns: { name: name, email: email }', 'x');
  const lines = Array.from({ length: 50 }, (_, i) => `${i}\tp${i}@x.fi\tAnn ${i}\t\\N\t\\\\x00\t{}\n`);
  const whole = Buffer.from(createRowMasker(rules, key, people).mask(Buffer.from(lines.join(''))));
  const masker = createRowMasker(rules, key, people);
  const parts = [lines.slice(0, 7), [], lines.slice(7)].map((some) => Buffer.from(some.join('')));
  assert.ok(Buffer.concat(parts.map((part) => masker.mask(part))).equals(whole));
});

test('one row, all kinds of columns', () => {
  const rows = '1\tada@x.fi\tAda L\tcall ada@x.fi\\n\t\\\\x616461\t{"mail": "ada@x.fi", "x": 1}\n';
  assert.equal(mask('{}', rows), rows);
  assert.equal(
    mask(
      'columns: { email: null, name: { fixed: A }, token: { fixed: bob }, data: { json: { $.mail: { fixed: m } } } }',
      rows,
    ),
    '1\t\\N\tA\tcall ada@x.fi\\n\t\\\\x626f62\t{"mail": "m", "x": 1}\n',
  );
  assert.equal(
    mask('email-anywhere: nobody@example.com', rows),
    '1\tnobody@example.com\tAda L\tcall nobody@example.com\\n\t\\\\x616461\t{"mail": "nobody@example.com", "x": 1}\n',
  );
  assert.equal(
    mask(
      '{ email-anywhere: n@example.com, columns: { email: { keep: { anywhere: false } }, note: keep, data: { json: { $.x: null } } } }',
      rows,
    ),
    '1\tada@x.fi\tAda L\tcall n@example.com\\n\t\\\\x616461\t{"mail": "n@example.com", "x": null}\n',
  );
  const token = mask('columns: { token: pseudonym, id: pseudonym }', rows);
  assert.match(token, /^[02-9]\tada@x\.fi\tAda L\t[^\t]+\t\\\\x[0-9a-f]{6}\t/);
  assert.ok(!token.includes('616461'));
});

test('empty texts stay empty, but under null and fixed', () => {
  const rows = '1\t\t\t\t\t{}\n';
  assert.equal(mask('columns: { email: email, name: name, note: text, token: pseudonym }', rows), rows);
  assert.equal(mask('columns: { email: null, name: { fixed: A } }', rows), '1\t\\N\tA\t\t\t{}\n');
});

test('addresses behind escapes are found, and other escapes stay as they are', () => {
  const anywhere = 'email-anywhere: nobody@example.com';
  assert.equal(
    mask(anywhere, '1\tada\\100x.fi\tada\\x40x.fi\t\\101\\x\\q\t\t{}\n').split('\t').slice(1, 4).join(' '),
    'nobody@example.com nobody@example.com \\101\\x\\q',
  );
});

test('keyed addresses anywhere are those of the rule email', () => {
  const rules = '{ email-anywhere: email, columns: { email: email } }';
  const [, email, , note] = mask(rules, '1\tada@x.fi\t\tof ada@x.fi!\t\t{}\n').split('\t');
  assert.equal(note, `of ${email}!`);
});

test('the end of the data may stand behind the rows', () => {
  assert.match(mask('columns: { name: name }', '1\t\tAda\t\t\t{}\n\\.\n'), /\n\\\.\n$/);
  assert.throws(() => mask('{}', '\\.\n1\t\t\t\t\t{}\n'), /row 1 of public\.people stands behind the end/);
});

test('tables without columns', () => {
  assert.equal(mask('{}', '\n\n', { name: 'empty', columns: [] }), '\n\n');
  assert.throws(
    () => mask('{}', 'x\n', { name: 'empty', columns: [] }),
    /row 1 of empty has columns, expected none/,
  );
});

const good = '1\ta\tb\tc\t\t{}\n';
for (const rules of [
  '{}',
  'columns: { name: name }',
  'columns: { data: { json: { $.a: text } } }',
  'email-anywhere: n@x.fi',
]) {
  const malformed: [rows: string, message: RegExp][] = [
    [`${good}1\ta\tb\n`, /row 2 of public\.people has 3 columns, expected 6/],
    [`${good}\n`, /row 2 of public\.people has 1 columns, expected 6/],
    [`${good}1\ta\tb\tc\t\t{}\tx\n`, /row 2 of public\.people has more than 6 columns/],
    [`${good}${good}1\ta\tb\tc`, /row 3 of public\.people is cut off/],
    ['1\ta\tb\tc\t\t{}', /row 1 of public\.people is cut off/],
    ['1\ta\tb\tc\t\t{}\\', /row 1 of public\.people is cut off/],
    ['1\ta\tb\tc\t\t{}\\\n', /row 1 of public\.people is cut off/],
  ];
  test(`malformed rows are errors with their number: ${rules}`, () => {
    for (const [rows, message] of malformed) {
      assert.throws(
        () => mask(rules, rows),
        (error) => {
          assert.ok(hasCode(error, 'corrupt'), String(error));
          assert.match(error.message, message, JSON.stringify(rows));
          return true;
        },
      );
    }
  });
}

test('a value that its rule cannot mask is an error without the value', () => {
  assert.throws(
    () => mask('columns: { note: { json: { $.a: text } } }', `1\t\t\t{}\t\t{}\n2\t\t\t{secret\t\t{}\n`),
    (error) =>
      hasCode(error, 'corrupt') &&
      error.message ===
        'row 2 of public.people has in column note what its rule cannot mask: not a JSON document',
  );
});

test('random bytes never crash it', () => {
  const bytes = fc.array(fc.constantFrom(9, 10, 92, 64, 78, 46, 120, 34, 123, 0, 255, 65), { maxLength: 60 });
  const rules = parseMaskingRules(
    '{ email-anywhere: email, columns: { a: pseudonym, b: { json: { $.a: text } } } }',
    'x',
  );
  const table = { name: 't', columns: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
  fc.assert(
    fc.property(bytes, (some) => {
      try {
        createRowMasker(rules, key, table).mask(Uint8Array.from(some));
      } catch (error) {
        assert.ok(hasCode(error, 'corrupt'), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
