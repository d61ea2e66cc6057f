import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readSshConfig } from './ssh-config.ts';

describe('readSshConfig', () => {
  let home: string;
  let path: string;
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-ssh-'));
    mkdirSync(join(home, '.ssh', 'config.d'), { recursive: true });
    path = join(home, '.ssh', 'config');
    writeFileSync(join(home, '.ssh', 'config.d', 'a'), 'Host included\n  Port 2022\n');
    writeFileSync(
      path,
      [
        'Include config.d/*',
        '# comment',
        'Host backup other*',
        '  HostName=%h.example.com',
        '  User "back up"',
        '\tPort\t2222',
        '  IdentityFile ~/.ssh/first',
        '  IdentityFile %d/second',
        'Host !backup *',
        '  ProxyJump anna@gate:2022,inner',
        'Match user nobody',
        '  Port 1',
        'Host *',
        '  Port 3',
        '  User late',
        '  IdentityFile ~/third',
        '  UserKnownHostsFile ~/one ~/two',
      ].join('\n'),
    );
  });
  after(() => rmSync(home, { recursive: true }));

  it('takes the first value, and adds identity files up', () => {
    assert.deepEqual(readSshConfig(path, 'backup', home), {
      hostName: 'backup.example.com',
      port: 2222,
      user: 'back up',
      identityFiles: [`${home}/.ssh/first`, `${home}/second`, `${home}/third`],
      knownHostsFiles: [`${home}/one`, `${home}/two`],
      jumps: [],
    });
    assert.equal(readSshConfig(path, 'included', home).port, 2022);
  });

  it('tells that another way leads to the host', () => {
    assert.deepEqual(readSshConfig(path, 'other1', home).jumps, ['anna@gate:2022', 'inner']);
    assert.deepEqual(readSshConfig(path, 'backup', home).jumps, []);
  });

  it('goes without a file', () => {
    const none = { identityFiles: [], knownHostsFiles: [], jumps: [] };
    assert.deepEqual(readSshConfig(join(home, 'absent'), 'backup', home), none);
  });
});
