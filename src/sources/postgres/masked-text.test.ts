import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { anywhereMasker } from '../masking/column-maskers.ts';
import { createMaskingKey } from '../masking/keyed-functions.ts';
import { parseMaskingRules } from '../masking/rules-file.ts';
import { countComments, maskLargeObjects, maskSchemaText } from './masked-text.ts';

const key = createMaskingKey(Buffer.from('0123456789abcdef'));

function mask(sql: string, rules = 'email-anywhere: n@x.fi'): string {
  const parsed = parseMaskingRules(rules, 'm.yaml');
  return maskSchemaText(sql, parsed, anywhereMasker(parsed, key));
}

test('addresses go from texts, bodies and remarks, and names stay', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`DEFAULT 'ada@b.org'::text;`, `DEFAULT 'n@x.fi'::text;`],
    [`E'it''s\\nada@b.org' x;`, `E'it''s\\nn@x.fi' x;`],
    [`AS $_$ select 'ada@b.org', "c" $_$;`, `AS $_$ select 'n@x.fi', "c" $_$;`],
    [`-- Owner: ada@b.org\nGRANT a TO "ada@b.org";`, `-- Owner: n@x.fi\nGRANT a TO "ada@b.org";`],
  ];
  for (const [sql, expected] of cases) assert.equal(mask(sql), expected);
  assert.equal(mask(cases[0]![0], '{}'), cases[0]![0]);
});

test('comments on things are left out whole, or kept without addresses', () => {
  const sql = `SET a = 1;\nCOMMENT ON TABLE a IS 'Ada; ada@b.org\n-- x';\nCREATE TABLE comment (a text);\n`;
  assert.equal(mask(sql), 'SET a = 1;\n\nCREATE TABLE comment (a text);\n');
  assert.equal(countComments(sql), 1);
  const headed = `-- a\nSET a;\n--\n-- ada@b.org; Type: COMMENT\n--\nCOMMENT ON TYPE a IS 'x';\n-- b\nSET b;`;
  assert.equal(mask(headed), '-- a\nSET a;\n\n-- b\nSET b;');
  const extension = `COMMENT ON EXTENSION a IS 'x';`;
  assert.equal(mask(extension), extension);
  assert.equal(mask(sql, 'comments: keep'), sql);
  assert.match(mask(sql, '{ comments: keep, email-anywhere: n@x.fi }'), /IS 'Ada; n@x\.fi\n/);
});

test('rows and statistics have no place in a schema', () => {
  for (const sql of [
    'SET a = 1;\nCOPY public.a (b) FROM stdin;',
    `SELECT pg_catalog.pg_restore_attribute_stats('x');`,
  ]) {
    assert.throws(
      () => mask(sql),
      (error) => hasCode(error, 'unsupported'),
    );
  }
});

test('large objects are refused, emptied or kept, as the rules say', async () => {
  const lines = [
    `SELECT pg_catalog.lo_open('7', 131072);\n`,
    `SELECT pg_catalog.lowrite(0, '\\x416461');\n`,
    'SELECT pg_catalog.lo_close(0);\n',
  ];
  const run = async (rules: string): Promise<string> => {
    async function* source(): AsyncGenerator<Buffer> {
      for (const line of lines) yield Buffer.from(line);
    }
    const pieces = await Array.fromAsync(
      maskLargeObjects(source(), parseMaskingRules(rules, 'm.yaml'), undefined),
    );
    return Buffer.concat(pieces).toString();
  };
  await assert.rejects(run('{}'), (error) => hasCode(error, 'usage'));
  assert.equal(await run('large-objects: keep'), lines.join(''));
  assert.equal(await run('large-objects: empty'), lines[0]! + lines[2]!);
});
