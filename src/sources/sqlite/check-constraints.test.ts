import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { readChecks, verifyChecks } from './check-constraints.ts';

test('the expressions of checks are found wherever they stand', () => {
  const sql = `create table t ("check" text check (a > (1 + 2)), -- check (no)
    b text default 'check (none)' constraint c CHECK/* x */ (b <> ')' and length([check]) < 3), check((a)))`;
  assert.deepEqual(
    readChecks(sql).map((check) => check.replace(/\s+/g, ' ').trim()),
    ['a > (1 + 2)', "b <> ')' and length( [check] ) < 3", '(a)'],
  );
  assert.deepEqual(readChecks('create table t (a text, precheck int)'), []);
});

test('a row that breaks one is told, one where it is NULL is none', () => {
  const database = new DatabaseSync(':memory:');
  const sql = `create table t (a check (a < 5), b text check (json_valid(b) or b is null))`;
  database.exec(`${sql}; pragma ignore_check_constraints = on; insert into t values (null, null), (4, '{}')`);
  verifyChecks(database, 't', sql);
  database.exec(`insert into t values (1, 'none')`);
  assert.throws(
    () => verifyChecks(database, 't', sql),
    (error) => hasCode(error, 'failed') && String(error).endsWith('CHECK constraint failed in t'),
  );
  database.close();
});
