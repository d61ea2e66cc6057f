import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertPasswordRefused } from '../../testing/storage-assertions.ts';
import { sftpLocation } from './location.ts';

describe('sftpLocation', () => {
  it('takes restic’s forms', () => {
    const base = { kind: 'sftp', user: undefined, host: 'host', port: undefined };
    for (const [text, parts] of [
      ['sftp:host:/x/y', { path: '/x/y' }],
      ['sftp:host:x//y/./z/', { path: 'x/y/z' }],
      ['sftp:user@host:/x', { user: 'user', path: '/x' }],
      ['sftp:user@domain@host:x', { user: 'user@domain', path: 'x' }],
      ['sftp:host:dir@x/y', { path: 'dir@x/y' }],
      ['sftp:[::1]:/x', { host: '::1', path: '/x' }],
      ['sftp://user@host:2222//x/y', { user: 'user', port: 2222, path: '/x/y' }],
      ['sftp://host/x/y', { path: 'x/y' }],
      ['sftp://us%40er@[fe80::1]:22//x', { user: 'us@er', host: 'fe80::1', port: 22, path: '/x' }],
    ] as const) {
      assert.deepEqual(sftpLocation(text), { ...base, ...parts }, text);
    }
  });

  it('refuses what has no host, path or port', () => {
    for (const text of [
      'sftp:',
      'sftp:host',
      'sftp://host',
      'sftp://host:22',
      'sftp:host:',
      'sftp://host/',
    ]) {
      assert.throws(() => sftpLocation(text), { code: 'usage' }, text);
    }
    assert.throws(() => sftpLocation('sftp://host:70000//x'), /no valid port/);
    assert.throws(() => sftpLocation('sftp:host:~/x'), /begins its path with ~/);
    assert.throws(() => sftpLocation('sftp://u%zz@host//x'), { code: 'usage' });
  });

  it('refuses a password, and does not repeat it', () => {
    assertPasswordRefused(sftpLocation, [
      'sftp://user:hunter2@host//x',
      'sftp:user:hunter2@host:/x',
      'sftp://user:hunter2@host',
    ]);
  });
});
