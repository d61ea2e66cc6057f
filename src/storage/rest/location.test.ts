import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '../../kernel/errors.ts';
import { restLocation } from './location.ts';

describe('restLocation', () => {
  it('takes servers with and without TLS, a port and a path', () => {
    for (const [text, secure, host, path] of [
      ['rest:http://host:8000/a/b', false, 'host:8000', '/a/b/'],
      ['rest:http://host', false, 'host', '/'],
      ['rest:https://host//a b/', true, 'host', '//a%20b/'],
      ['rest:HTTPS://[::1]:8000/x', true, '[::1]:8000', '/x/'],
    ] as const) {
      const location = restLocation(text);
      assert.deepEqual(
        [location.secure, location.host, location.path, location.socketPath, location.user, location.shown],
        [secure, host, path, undefined, undefined, text],
      );
    }
  });

  it('takes unix sockets as restic has them', () => {
    const location = restLocation('rest:http+unix:///run/rest%20server.sock:/me/repo');
    assert.equal(location.socketPath, '/run/rest server.sock');
    assert.equal(location.path, '/me/repo/');
    assert.equal(location.host, 'localhost');
    const named = restLocation('rest:http+unix://anna:secret@/run/s:/');
    assert.deepEqual(
      [named.user, named.password, named.socketPath, named.path],
      ['anna', 'secret', '/run/s', '/'],
    );
    assert.doesNotMatch(named.shown, /secret/);
  });

  it('takes user and password, and shows no password', () => {
    for (const [login, user, password] of [
      ['anna:p%40ss', 'anna', 'p@ss'],
      ['anna:p@ss', 'anna', 'p@ss'],
      ['anna', 'anna', undefined],
      ['anna:', 'anna', undefined],
      ['%C3%BC:x', 'ü', 'x'],
    ] as const) {
      const location = restLocation(`rest:https://${login}@host/repo`);
      assert.deepEqual([location.user, location.password], [user, password], login);
      if (password !== undefined) assert.match(location.shown, /^rest:https:\/\/[^:]+:\*\*\*@host\/repo$/);
    }
  });

  it('refuses everything else without repeating it', () => {
    for (const text of [
      'rest:',
      'rest:host/path',
      'rest:ftp://u:secret@host/',
      'rest:http://',
      'rest:http://u:secret@host/?secret',
      'rest:http://u:secret@[host/',
      'rest:http+unix:///secret',
      'rest:http://secret%zz@host/',
    ]) {
      assert.throws(
        () => restLocation(text),
        (error) => error instanceof HoldfastError && error.code === 'usage' && !/secret/.test(error.message),
        text,
      );
    }
  });
});
