import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../../kernel/bytes.ts';
import { hasCode } from '../../kernel/errors.ts';
import { maskArray, maskRecord } from './mask-composite.ts';
import type { ValueMasker } from './value-masker.ts';

/** Shows what it was given; `gone` becomes NULL, `same` stays. */
const bracketed: ValueMasker = {
  mask(input, start, end, output) {
    const text = Buffer.from(input.subarray(start, end)).toString();
    if (text === 'gone') return false;
    output.writeBytes(Buffer.from(text === 'same' ? text : `<${text}>`));
    return true;
  },
  plain: false,
};

function run(masker: ValueMasker, text: string): string {
  const output = new ByteWriter();
  const input = Buffer.from(`..${text}..`);
  assert.equal(masker.mask(input, 2, input.length - 2, output), true);
  return Buffer.from(output.view()).toString();
}

test('elements of arrays, whatever their depth and quotes', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{}', '{}'],
    ['{a,same,"b c"}', '{<a>,same,"<b c>"}'],
    ['{NULL,"NULL",null,""}', '{NULL,<NULL>,null,""}'],
    ['{"a\\"b","c\\\\d","{,}"}', '{"<a\\"b>","<c\\\\d>","<{,}>"}'],
    ['{{a,b},{gone,c}}', '{{<a>,<b>},{NULL,<c>}}'],
    ['[0:1]={a,b}', '[0:1]={<a>,<b>}'],
    ['{åä}', '{<åä>}'],
  ];
  for (const [text, expected] of cases) assert.equal(run(maskArray(bracketed), text), expected);
  for (const text of ['', 'a', '{', '{a', '{a}}', '{a}{b}', '{"a}']) {
    assert.throws(
      () => run(maskArray(bracketed), text),
      (error) => hasCode(error, 'corrupt'),
    );
  }
});

test('fields of composite values, each by its own masker', () => {
  const masker = maskRecord([bracketed, undefined, bracketed]);
  const cases: readonly (readonly [string, string])[] = [
    ['(a,b,c)', '(<a>,b,<c>)'],
    ['(,,)', '(,,)'],
    ['("","b c","c ""d"" \\\\")', '("","b c","<c ""d"" \\\\>")'],
    ['(same,"(x,y)",gone)', '(same,"(x,y)",)'],
  ];
  for (const [text, expected] of cases) assert.equal(run(masker, text), expected);
  assert.equal(run(maskRecord([maskArray(bracketed)]), '("{""a b"",c}")'), '("{""<a b>"",<c>}")');
  for (const text of ['', '(', '(a,b)', '(a,b,c,d)', 'a,b,c', '("a,b,c)', '(a,b,c']) {
    assert.throws(
      () => run(masker, text),
      (error) => hasCode(error, 'corrupt'),
    );
  }
});
