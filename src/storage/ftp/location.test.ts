import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertPasswordRefused } from '../../testing/storage-assertions.ts';
import { ftpLocation, isFtpLocation } from './location.ts';

describe('ftpLocation', () => {
  it('takes three kinds of security, and paths from the home folder and from the root', () => {
    const base = { kind: 'ftp', security: 'none', user: undefined, host: 'host', port: 21 };
    for (const [text, parts] of [
      ['ftp://host/x//y/./z/', { path: 'x/y/z' }],
      ['ftp://host//x/y', { path: '/x/y' }],
      ['ftp://host/.', { path: '.' }],
      ['ftps://user@host/x', { security: 'explicit', user: 'user', path: 'x' }],
      ['FTPS://user@host:2121/x', { security: 'explicit', user: 'user', port: 2121, path: 'x' }],
      ['ftps+implicit://us%40er@host/x', { security: 'implicit', user: 'us@er', port: 990, path: 'x' }],
      ['ftp://[::1]:2121/x', { host: '::1', port: 2121, path: 'x' }],
    ] as const) {
      assert.ok(isFtpLocation(text));
      assert.deepEqual(ftpLocation(text), { ...base, ...parts }, text);
    }
    assert.ok(!isFtpLocation('sftp://host/x'));
    assert.ok(!isFtpLocation('/srv/ftp'));
  });

  it('refuses what has no host, folder or port', () => {
    for (const text of ['ftp:', 'ftp:host/x', 'ftp://host', 'ftp://host/', 'ftp://host//', 'ftp:///x']) {
      assert.throws(() => ftpLocation(text), { code: 'usage' }, text);
    }
    assert.throws(() => ftpLocation('ftp://host:0/x'), /no valid port/);
    assert.throws(() => ftpLocation('ftp://host:99999/x'), /no valid port/);
  });

  it('refuses a password, and does not repeat it', () => {
    assertPasswordRefused(ftpLocation, [
      'ftp://user:hunter2@host/x',
      'ftps://user:hunter2@host',
      'ftps://u:hunter2/3@host/x',
    ]);
  });
});
