import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameOwnSequences } from './own-sequences.ts';

const named = (sql: string, database: string): string =>
  Buffer.from(nameOwnSequences(Buffer.from(sql), database)).toString();

test('sequences of the same database are named without it, and others as they were', () => {
  const column = (value: string): string => `CREATE TABLE \`t\` (\n  \`ä\` bigint DEFAULT ${value}\n);\n`;
  assert.equal(named(column('nextval(`kä``se`.`s1`)'), 'kä`se'), column('nextval(`s1`)'));
  assert.equal(
    named(column('(lastval(`d`.`s`) + nextval(`d`.`d`))'), 'd'),
    column('(lastval(`s`) + nextval(`d`))'),
  );
  for (const value of ['nextval(`e`.`s1`)', 'nextval(`d`)', "'nextval(`d`.`s`)'", 'other(`d`.`s`)']) {
    assert.equal(named(column(value), 'd'), column(value));
  }
});
