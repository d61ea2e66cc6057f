import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { connectionArguments, connectionEnvironment, databaseFolder, parseMysqlUrl } from './connection.ts';

test('a URL says where to go, and arguments say it to the programs', () => {
  const connection = parseMysqlUrl(
    'mysql://ada%40x@localhost:3307/my%2Fshop?ssl_mode=verify-ca&ssl-ca=/ca.pem',
  );
  assert.equal(connection.database, 'my/shop');
  assert.deepEqual(connectionArguments(connection, 'mysql'), [
    ...['--host=localhost', '--port=3307', '--protocol=tcp', '--user=ada@x', '--ssl-ca=/ca.pem'],
    '--ssl-mode=VERIFY_CA',
  ]);
  assert.deepEqual(connectionArguments(connection, 'mariadb').slice(-2), [
    '--ssl',
    '--ssl-verify-server-cert',
  ]);
  assert.equal(databaseFolder(connection, {}), '/mysql/localhost_3307/my%2Fshop');
  const required = parseMysqlUrl('mariadb://h/d?ssl-mode=REQUIRED');
  assert.ok(connectionArguments(required, 'mariadb').includes('--ssl-verify-server-cert'));
});

test('a user may come without a host, and a socket instead of one', () => {
  const connection = parseMysqlUrl('mariadb://root@/shop?socket=/run/my.sock');
  assert.deepEqual(connectionArguments(connection, 'mariadb'), [
    ...['--socket=/run/my.sock', '--protocol=socket', '--user=root'],
  ]);
  assert.equal(databaseFolder(connection, {}), '/mariadb/%2Frun%2Fmy.sock_3306/shop');
  assert.equal(parseMysqlUrl('mysql://[::1]/d').host, '::1');
});

test('what makes no sense is refused, without a word of the URL', () => {
  const wrong: [url: string, message: RegExp][] = [
    ['mysql://ada:hidden@h/d', /a password in a URL can be seen/],
    ['mysql://h/', /names no database/],
    ['mysql://h/*', /means all databases/],
    ['mysql://h/d?ssl-mode=perhaps', /is not one of DISABLED/],
    ['mysql://h/d?init-command=x', /a parameter "init-command" that is not known/],
    ['mysql://h:port/hidden', /no valid URL/],
    ['mysql://h/%E0hidden', /encodes nothing/],
  ];
  for (const [url, message] of wrong) {
    assert.throws(
      () => parseMysqlUrl(url),
      (error) => hasCode(error, 'usage') && message.test(error.message) && !error.message.includes('hidden'),
      url,
    );
  }
  assert.equal(parseMysqlUrl('mysql://h/%2A').database, '*');
});

test('programs see of our environment what is theirs', () => {
  const environment = { PATH: '/bin', MYSQL_PWD: 'x', HOLDFAST_PASSWORD: 'y', AWS_SECRET_ACCESS_KEY: 'z' };
  assert.deepEqual(connectionEnvironment(environment), { PATH: '/bin', MYSQL_PWD: 'x' });
});
