import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../kernel/bytes.ts';
import { hasCode } from '../../kernel/errors.ts';
import { maskEmailsWithin } from './email-anywhere.ts';
import { parseJsonPath } from './json-path.ts';
import { maskFixed, maskNull } from './mask-constant.ts';
import { maskJson } from './mask-json.ts';
import type { ValueMasker } from './value-masker.ts';

const stars = maskFixed('***');
const emails = maskEmailsWithin(maskFixed('nobody@example.com'));

function apply(
  document: string,
  paths: Record<string, ValueMasker | undefined>,
  elsewhere?: ValueMasker,
  isStrict = false,
): string {
  const list = Object.entries(paths).map(([text, masker]) => ({ path: parseJsonPath(text)!, masker }));
  const output = new ByteWriter(1);
  const input = Buffer.from(document);
  assert.ok(maskJson(list, elsewhere, isStrict).mask(input, 0, input.length, output));
  return Buffer.from(output.view()).toString();
}

test('only what a path leads to changes', () => {
  const document = ' { "a" : "x", "n": 12345678901234567890.10, "a":"twice", "l":[1, {"b":"y"}] , "ö":"ü" } ';
  assert.equal(
    apply(document, { '$.a': stars, '$.l[*].b': maskNull, '$.ö': maskFixed('ä"\\') }),
    ' { "a" : "***", "n": 12345678901234567890.10, "a":"***", "l":[1, {"b":null}] , "ö":"ä\\"\\\\" } ',
  );
});

test('a rule holds for all below, the first path counts, numbers stay numbers', () => {
  assert.equal(
    apply('{"a":{"b":"x","c":["y",null,true]}}', { '$.a': stars }),
    '{"a":{"b":"***","c":["***",null,"***"]}}',
  );
  assert.equal(apply('{"a":1,"b":2}', { '$.a': undefined, '$..*': maskFixed('7') }), '{"a":1,"b":7}');
  assert.equal(apply('"x"', { $: stars }), '"***"');
  assert.equal(apply('{"a":""}', { '$.a': stars }), '{"a":""}');
});

test('escapes are read and written', () => {
  assert.equal(
    apply('{"e\\u006dail":"ada\\u0040example.org"}', { '$.email': emails }),
    '{"e\\u006dail":"nobody@example.com"}',
  );
  assert.equal(
    apply('["\\nada@example.org", "\\u00e4", "a@x.fi"]', {}, emails),
    '["\\nnobody@example.com", "\\u00e4", "nobody@example.com"]',
  );
  assert.equal(apply('{"ada@example.org":{"x":1}}', {}, emails), '{"nobody@example.com":{"x":1}}');
});

test('what is no document is refused', () => {
  const deep = '['.repeat(100_000);
  for (const text of [
    '',
    '{',
    '[1,]',
    '{"a"}',
    '{a:1}',
    '[1] x',
    '"\n"',
    "'a'",
    '01',
    '[,1]',
    '{"a":1,}',
    ']',
    deep,
  ]) {
    assert.throws(
      () => apply(text, {}),
      (error) => hasCode(error, 'corrupt') && !error.message.includes(text || 'x'),
      text,
    );
  }
});

test('any document passes as it is when nothing fits, and masked ones stay documents of the same shape', () => {
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((item) => shape(item));
    if (typeof value === 'object' && value !== null) {
      return Object.entries(value).map(([name, item]) => [name, shape(item)]);
    }
    return value === null || value === '' ? value : '***';
  };
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
      const document = JSON.stringify(value, undefined, indent);
      assert.equal(apply(document, { '$.no.such': stars }), document);
      assert.deepEqual(shape(JSON.parse(apply(document, { $: stars }))), shape(value));
      assert.ok(!apply(document, { $: stars }).includes('true'));
    }),
    { examples: [[{ a: 'true' }, undefined]] },
  );
});

test('of several paths the first counts, also where a later one leads to what is around', () => {
  const paths = { '$.a.b': stars, '$..*': undefined };
  assert.equal(apply('{"a":{"b":"x","c":"y"},"d":1}', paths), '{"a":{"b":"***","c":"y"},"d":1}');
  assert.equal(apply('{"a":{"b":"x"}}', { '$.a': undefined, '$.a.b': stars }), '{"a":{"b":"x"}}');
});

test('strict: every value needs a path, and all without one are named', () => {
  const document = '{"a":{"b":"x","c":null},"l":[1,{"o k":true},2],"e":"", "n":{}}';
  assert.throws(
    () => apply(document, { '$.a': stars }, emails, true),
    (error) =>
      hasCode(error, 'usage') &&
      error.message === "strict, and none of its paths leads to $.l[*], $.l[*]['o k'], $.e" &&
      /\$\.\.\*.: keep/.test(error.hint!),
  );
  assert.equal(
    apply(document, { '$.a': stars, '$..*': undefined }, emails, true),
    document.replace('"x"', '"***"'),
  );
});
