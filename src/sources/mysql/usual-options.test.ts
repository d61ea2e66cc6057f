import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { enteringOptions, usualOptionFiles } from './usual-options.ts';

describe('option files', () => {
  let folder: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  before(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-options-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('give what is about entering a server, in its group and order', () => {
    const one = file(
      'one.cnf',
      `# all\n[client]\nuser = ada \n  password="a b#c"\nSSL_CA=/ca.pem\nskip-ssl\nloose-ssl-verify-server-cert\nsock=/s\n\n` +
        `[mysqldump]\nuser=dumper\nwhere=1=0\ndatabases\nno-create-info\nreplace\n;password=x\nmax_allowed_packet=16M\n` +
        `[mysql]\nforce\nvertical\nxml\ntee=/tmp/t\nexecute=select 1\npager\nprotocol=tcp\nskip_password\nenable-cleartext-plugin\n`,
    );
    assert.equal(
      enteringOptions([join(folder, 'missing'), one]),
      `[client]\nuser = ada\npassword="a b#c"\nSSL_CA=/ca.pem\nskip-ssl\nloose-ssl-verify-server-cert\nsock=/s\n` +
        `[mysqldump]\nuser=dumper\n[mysql]\nprotocol=tcp\nskip_password\nenable-cleartext-plugin\n`,
    );
  });

  it('include others, once each', () => {
    mkdirSync(join(folder, 'conf.d'));
    for (const name of ['b.cnf', 'a.cnf', 'c.txt']) file(`conf.d/${name}`, `[client]\nhost=${name}\nforce\n`);
    const two = file(
      'two.cnf',
      `!include ${join(folder, 'two.cnf')}\n!includedir ${join(folder, 'conf.d')}\n[client]\nport=1\n!includedir /nowhere\n`,
    );
    assert.equal(
      enteringOptions([two, two]),
      '[client]\nhost=a.cnf\n[client]\nhost=b.cnf\n[client]\nport=1\n',
    );
  });

  it('are passed over when everybody may write them', () => {
    const open = file('open.cnf', '[client]\nhost=elsewhere\n');
    chmodSync(open, 0o666);
    assert.equal(enteringOptions([open]), '');
  });

  it('are those of the system and the user, in this order', () => {
    const files = usualOptionFiles({ MYSQL_HOME: '/m' }, '/home/ada');
    assert.deepEqual([files[0], ...files.slice(-2)], ['/etc/my.cnf', '/m/my.cnf', '/home/ada/.my.cnf']);
  });
});
