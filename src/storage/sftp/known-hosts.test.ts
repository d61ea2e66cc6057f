import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { knownHostName, knownTypes, parseKnownHosts, verdictOn } from './known-hosts.ts';

const [one, other, third] = ['one', 'other', 'third'].map((text) => Buffer.from(`key ${text}`)) as [
  Buffer,
  Buffer,
  Buffer,
];

function line(names: string, key: Buffer, type = 'ssh-ed25519'): string {
  return `${names} ${type} ${key.toString('base64')} a comment`;
}

describe('known_hosts', () => {
  it('knows names, addresses, ports and patterns', () => {
    const hosts = parseKnownHosts(
      [
        '# comment',
        '',
        'nonsense',
        line('Backup.example.com,192.0.2.7', one),
        line('[port.example.com]:2222', one),
        line('*.wild.example.com,!not.wild.example.com', one),
      ].join('\n'),
    );
    const verdict = (host: string, port = 22, key = one): string =>
      verdictOn(hosts, knownHostName(host, port), key);
    assert.equal(verdict('backup.example.com'), 'known');
    assert.equal(verdict('BACKUP.example.com'), 'known');
    assert.equal(verdict('192.0.2.7'), 'known');
    assert.equal(verdict('backup.example.com', 2222), 'unknown');
    assert.equal(verdict('port.example.com', 2222), 'known');
    assert.equal(verdict('port.example.com'), 'unknown');
    assert.equal(verdict('a.wild.example.com'), 'known');
    assert.equal(verdict('not.wild.example.com'), 'unknown');
    assert.equal(verdict('backupXexample.com'), 'unknown');
    assert.equal(verdict('backup.example.com', 22, other), 'changed');
  });

  it('knows hashed names', () => {
    const salt = Buffer.from('0123456789abcdefghij');
    const hash = createHmac('sha1', salt).update('[hidden.example.com]:2200').digest('base64');
    const hosts = parseKnownHosts(line(`|1|${salt.toString('base64')}|${hash}`, one));
    assert.equal(verdictOn(hosts, '[hidden.example.com]:2200', one), 'known');
    assert.equal(verdictOn(hosts, '[hidden.example.com]:2200', other), 'changed');
    assert.equal(verdictOn(hosts, 'hidden.example.com', one), 'unknown');
  });

  it('takes any of several keys, refuses revoked ones, and trusts no authority', () => {
    const hosts = parseKnownHosts(
      [
        line('host', one),
        line('host', other, 'ssh-rsa'),
        `@revoked ${line('*', third)}`,
        `@cert-authority ${line('*', third)}`,
      ].join('\n'),
    );
    assert.equal(verdictOn(hosts, 'host', one), 'known');
    assert.equal(verdictOn(hosts, 'host', other), 'known');
    assert.equal(verdictOn(hosts, 'host', third), 'revoked');
    assert.equal(verdictOn(hosts, 'else', one), 'unknown');
    assert.deepEqual(knownTypes(hosts, 'host'), ['ssh-ed25519', 'ssh-rsa']);
    assert.deepEqual(knownTypes(hosts, 'else'), []);
  });
});
