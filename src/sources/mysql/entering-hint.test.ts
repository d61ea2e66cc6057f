import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '../../kernel/errors.ts';
import { explainEntering } from './entering-hint.ts';

/** What is thrown instead of an error in which a client said this. */
function explained(said: string, hint?: string): unknown {
  const message = `mariadb failed with status 1: ${said}`;
  try {
    explainEntering(new HoldfastError('failed', message, hint === undefined ? {} : { hint }));
  } catch (error) {
    assert.ok(error instanceof HoldfastError);
    assert.deepEqual([error.code, error.message], ['failed', message]);
    return error.hint;
  }
}

test('says what to look at when a server does not let its client in', () => {
  const hints: readonly (readonly [said: string, hint: RegExp])[] = [
    ["ERROR 1045 (28000): Access denied for user 'a'@'h' (using password: YES)", /~\/\.my\.cnf, MYSQL_PWD/],
    ["ERROR 1698 (28000): Access denied for user 'root'@'localhost'", /other means than a password/],
    ["ERROR 2002 (HY000): Can't connect to server on 'h' (115)", /^look at host, port and socket/],
    ["ERROR 2003 (HY000): Can't connect to MySQL server on 'h:1' (111)", /^look at host, port and socket/],
    ["ERROR 2005 (HY000): Unknown server host 'h' (-2)", /^look at host, port and socket/],
    ["ERROR 1049 (42000): Unknown database 'x'", /behind the last slash/],
  ];
  for (const [said, hint] of hints) assert.match(String(explained(said)), hint, said);
});

test('leaves other errors, and hints that are there, as they are', () => {
  assert.equal(explained("ERROR 1049 (42000) at line 3: Unknown database 'x'"), undefined);
  assert.equal(explained("ERROR 1146 (42S02) at line 1: Table 'a.ERROR 2002' doesn't exist"), undefined);
  assert.equal(explained("ERROR 1049 (42000): Unknown database 'x'", 'another'), 'another');
  const other = new HoldfastError('interrupted', 'ERROR 2002 (HY000): x');
  assert.throws(
    () => explainEntering(other),
    (error) => error === other,
  );
});
