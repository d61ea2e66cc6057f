import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '../../kernel/errors.ts';
import { explainEntering } from './entering-hint.ts';

/** What is thrown instead of an error in which psql said this. */
function explained(said: string): unknown {
  const message = `psql failed with status 2: ${said}`;
  try {
    explainEntering(new HoldfastError('failed', message));
  } catch (error) {
    assert.ok(error instanceof HoldfastError);
    assert.deepEqual([error.code, error.message], ['failed', message]);
    return error.hint;
  }
}

test('says what to look at when a server does not let psql in', () => {
  const at = 'connection to server at "h" (192.0.2.1), port 5432 failed: ';
  const hints: readonly (readonly [said: string, hint: RegExp])[] = [
    [`${at}FATAL:  password authentication failed for user "a"`, /~\/\.pgpass, PGPASSWORD/],
    [`${at}fe_sendauth: no password supplied`, /~\/\.pgpass, PGPASSWORD/],
    [`${at}Connection refused; ${at}FATAL:  password authentication failed for user "a"`, /\.pgpass/],
    [`${at}FATAL:  database "x" does not exist`, /behind the last slash/],
    [`${at}Connection refused`, /^look at host, port and socket/],
    [`${at}timeout expired`, /^look at host, port and socket/],
    [
      'connection to server on socket "/nowhere/.s.PGSQL.5432" failed: No such file or directory',
      /^look at host/,
    ],
    ['could not translate host name "h" to address: Name or service not known', /^look at host/],
    ['could not connect to server: Connection refused', /^look at host/],
  ];
  for (const [said, hint] of hints) assert.match(String(explained(said)), hint, said);
  assert.equal(explained(`${at}root certificate file "/x" does not exist`), undefined);
  assert.equal(explained('psql:<stdin>:3: ERROR:  relation "database x" does not exist'), undefined);
});
