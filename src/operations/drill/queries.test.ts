import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { parseQueries, runQueries } from './queries.ts';

test('blank lines part queries, comments say what is expected', () => {
  const text = [
    '-- expect: 42',
    'select count(*)',
    '  from customer;',
    '',
    '-- only a heading',
    ' \t',
    '-- newest order',
    '--   expect: a\tb ',
    '-- expect:',
    '-- a remark',
    'select 1;',
    '\r',
    '-- expect nothing',
    'select 2',
    '',
  ].join('\n');
  assert.deepEqual(parseQueries(text, 'f'), [
    { name: 'select count(*)', sql: 'select count(*)\n  from customer;', expected: ['42'] },
    { name: 'newest order', sql: 'select 1;', expected: ['a\tb', ''] },
    { name: 'select 2', sql: 'select 2', expected: [] },
  ]);
  const usage = (broken: string): void =>
    assert.throws(
      () => parseQueries(broken, 'f'),
      (error) => hasCode(error, 'usage'),
    );
  usage('');
  usage('-- words alone');
  usage('-- expect: 1\n\nselect 1');
  usage('-- expect: 1\n-- expect nothing\nselect 1');
});

test('an answer must be what is expected, row by row', async () => {
  const queries = parseQueries(
    '-- expect: 1\n-- expect: 2\ntwo\n\n-- expect: 1\ntwo\n\n-- expect nothing\nnone\n\n-- expect:\nempty\n\n-- expect:\nnone\n\ntwo\n\nfails',
    'f',
  );
  const answers: Record<string, string> = { two: '1\n2 \n', none: '', empty: '\n' };
  const run = async (sql: string): Promise<string> => {
    const answer = answers[sql];
    if (answer === undefined) throw new Error('no');
    return answer;
  };
  const results = await runQueries(queries, run, async () => false);
  assert.deepEqual(
    results.map(({ passed, got }) => [passed, got]),
    [
      [true, '1\n2'],
      [false, '1\n2'],
      [true, ''],
      [true, ''],
      [false, ''],
      [true, '1\n2'],
      [false, 'no'],
    ],
  );
  await assert.rejects(
    runQueries(queries, run, async () => true),
    /no/,
  );
});
