import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../../kernel/bytes.ts';
import { hasCode } from '../../kernel/errors.ts';
import { checkRules, createColumnMaskers } from './column-maskers.ts';
import { type ColumnShape, parseColumnType, type TableShape } from './column-type.ts';
import { createMaskingKey } from './keyed-functions.ts';
import { parseMaskingRules } from './rules-file.ts';

const key = createMaskingKey(Buffer.from('0123456789abcdef'));

function create(rules: string, ...columns: ColumnShape[]): ReturnType<typeof createColumnMaskers> {
  return createColumnMaskers(parseMaskingRules(rules, 'm.yaml'), key, { schema: 's', name: 't', columns });
}

test('the first rule that fits counts', () => {
  const [a, b] = create('columns: { t.a: keep, "*": null }', { name: 'a' }, { name: 'b' });
  assert.equal(a, undefined);
  assert.equal(b?.contentOnly, false);
});

test('strict names every column without a rule', () => {
  assert.throws(
    () => create('{ strict: true, columns: { b: keep } }', { name: 'a' }, { name: 'b' }, { name: 'c' }),
    (error) =>
      hasCode(error, 'usage') &&
      error.message === 'm.yaml: strict, and no rule classifies s.t.a, s.t.c' &&
      error.hint !== undefined,
  );
});

test('checkRules: what is missing in all tables, and patterns that fit nothing', () => {
  const tables: TableShape[] = [
    { name: 'a', columns: [{ name: 'x' }, { name: 'y' }] },
    { name: 'b', columns: Array.from({ length: 30 }, (_, i) => ({ name: `c${i}` })) },
  ];
  const lax = parseMaskingRules('columns: { a.x: text, a.z: text, "*.y": text }', 'm.yaml');
  assert.deepEqual(
    checkRules(lax, tables).map(({ pattern, place }) => [pattern.text, place]),
    [['a.z', 'm.yaml, line 1, column 23']],
  );
  assert.throws(
    () => checkRules(parseMaskingRules('{ strict: true, columns: { a.x: text } }', 'm.yaml'), tables),
    /no rule classifies a\.y, b\.c0, .*, b\.c18, .*, b\.c29$/,
  );
  assert.deepEqual(
    checkRules(parseMaskingRules('{ strict: true, columns: { "*": text } }', 'm.yaml'), tables),
    [],
  );
});

test('a rule that does not fit its column is named with its place', () => {
  const cases: [rule: string, column: ColumnShape, message: RegExp][] = [
    [
      'email',
      { name: 'a', type: 'integer' },
      /m\.yaml, line 1, column 12: column s\.t\.a: the rule email does not fit the type integer/,
    ],
    ['pseudonym', { name: 'a', type: 'timestamp with time zone' }, /does not fit/],
    ['number', { name: 'a', type: 'inet[]' }, /does not fit/],
    ['text', { name: 'a', type: "enum('x')" }, /does not fit/],
    ['text', { name: 'a', type: 'record' }, /does not fit/],
    ['null', { name: 'a', nullable: false }, /does not take NULL/],
    ['{ fixed: abc }', { name: 'a', type: 'char(2)' }, /longer than 2 characters/],
    ['email', { name: 'a', type: 'varchar(10)' }, /fits into 10 characters/],
    ['email', { name: 'a', type: 'varchar(21)', unique: true }, /fits into 21 characters/],
  ];
  for (const [rule, column, message] of cases) {
    assert.throws(
      () => create(`columns: { a: ${rule} }`, column),
      (error) => hasCode(error, 'usage') && message.test(error.message),
    );
  }
});

test('types of every server', () => {
  const cases: [type: string, family: string, maxLength?: number | undefined, maxInteger?: bigint][] = [
    ['character varying(40)', 'text', 40],
    ['varchar(255)', 'text', 255],
    ['character(2)', 'text', 2],
    ['char', 'text', 1],
    ['text', 'text'],
    ['citext', 'text'],
    ['bigint', 'integer', undefined, 2n ** 63n - 1n],
    ['int(10) unsigned', 'integer', undefined, 2n ** 32n - 1n],
    ['tinyint(1)', 'integer', undefined, 127n],
    ['smallint', 'integer', undefined, 32767n],
    ['numeric(10,2)', 'decimal'],
    ['double precision', 'float'],
    ['timestamp(6) without time zone', 'date'],
    ['datetime', 'date'],
    ['date', 'date'],
    ['time without time zone', 'time'],
    ['interval', 'time'],
    ['uuid', 'uuid'],
    ['jsonb', 'json'],
    ['bytea', 'binary'],
    ['varbinary(16)', 'binary', 16],
    ['text[]', 'array'],
    ['inet', 'address'],
    ['daterange', 'other'],
    ['point', 'other'],
    ['interest_level', 'other'],
    ["enum('a','b')", 'enum'],
    ['record', 'record'],
  ];
  for (const [type, family, maxLength, maxInteger] of cases) {
    assert.deepEqual(parseColumnType(type), { family, maxLength, maxInteger }, type);
  }
  assert.equal(parseColumnType(undefined).family, 'other');
});

test('numbers in floating point are written as their server writes them', () => {
  const mask = (type: string, value: string): string => {
    const [masker] = create('{ columns: { a: number } }', { name: 'a', type });
    const output = new ByteWriter();
    const input = Buffer.from(value);
    masker!.mask(input, 0, input.length, output);
    return Buffer.from(output.view()).toString();
  };
  for (const type of ['real', 'double precision']) {
    const digits = type === 'real' ? 6 : 15;
    for (const value of [
      '0.1',
      '12.75',
      '-3235414.8',
      '1e+20',
      '1.5e-07',
      '100000',
      '0.123456789012',
      '99999999',
    ]) {
      const masked = mask(type, value);
      assert.notEqual(masked, value);
      assert.match(masked, /^-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?$|^-?[1-9](?:\.\d*[1-9])?e[+-]\d\d$/);
      const share = Math.abs(Number(masked) / Number(value) - 1);
      assert.ok(share <= 0.1 + 1e-5 || Math.abs(Number(value)) < 1, `${value} ${masked}`);
      const exponent = Number(Number(masked).toExponential().split('e')[1]);
      const isPlain = Number(masked) === 0 || (exponent >= -4 && exponent < digits);
      assert.equal(!masked.includes('e'), isPlain, `${type} ${value} ${masked}`);
    }
    for (const value of ['0', 'NaN', '-Infinity']) assert.equal(mask(type, value), value);
  }
});

test('addresses that become too long for their column are told', () => {
  const mask = (type: string, value: string, takesLonger = false): string => {
    const rules = '{ email-anywhere: nobody@example.com }';
    const [masker] = create(rules, { name: 'a', type, takesLonger });
    const output = new ByteWriter();
    const input = Buffer.from(value);
    masker!.mask(input, 0, input.length, output);
    return Buffer.from(output.view()).toString();
  };
  const refused = { code: 'failed', message: /^no masked address fits into its \d+ characters$/ };
  assert.throws(() => mask('character varying(18)', 'ä a@b.org'), refused);
  assert.throws(() => mask('varchar(18)[]', '{x,"ä a@b.org"}'), refused);
  assert.throws(() => mask('character(18)', 'ä a@b.org         '), refused);
  assert.equal(mask('character varying(20)', 'ä a@b.org'), 'ä nobody@example.com');
  assert.equal(mask('character varying(5)', 'äöü12'), 'äöü12');
  assert.equal(mask('varchar(7)', 'a@b.org', true), 'nobody@example.com');
});

test('spaces at the end of char(n) are neither masked nor lost', () => {
  const mask = (type: string, rule: string, value: string): string | undefined => {
    const [masker] = create(`{ email-anywhere: b@x.fi, columns: { a: ${rule} } }`, { name: 'a', type });
    const output = new ByteWriter();
    const input = Buffer.from(value);
    return masker?.mask(input, 0, input.length, output) ? Buffer.from(output.view()).toString() : undefined;
  };
  const name = mask('character(30)', 'name', `Ada Byron${' '.repeat(21)}`)!;
  assert.equal(name.length, 30);
  assert.equal(mask('text', 'name', 'Ada Byron'), name.trimEnd());
  assert.equal(mask('character(9)', '{ fixed: "åä" }', 'x        '), 'åä       ');
  assert.equal(mask('character(3)', 'text', '   '), '   ');
  assert.equal(mask('character(30)', 'null', ' '.repeat(30)), undefined);
  assert.equal(mask('character(12)', 'keep', 'to ada@x.fi '), 'to b@x.fi   ');
  // MySQL and MariaDB leave spaces out
  assert.equal(mask('char(9)', '{ fixed: "a b " }', 'x'), 'a b');
  // the elements of an array one by one
  assert.equal(mask('character(4)[]', '{ pseudonym: { scope: s } }', '{"ab  ",NULL}')!.length, 13);
});
