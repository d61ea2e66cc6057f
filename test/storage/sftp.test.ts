import { after, before, describe } from 'node:test';
import { openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { storageContract } from '../../src/testing/storage-contract.ts';
import { skipWithoutOwnSystem } from '../support/own-system.ts';
import type { SshServer } from '../support/sshd.ts';
import { startSshd } from '../support/sshd.ts';
import { skipWithout } from '../support/tools.ts';

const skip = skipWithoutOwnSystem() || skipWithout('sshd', 'openssl');

describe('sftp', { skip }, () => {
  let server: SshServer;
  before(async () => {
    server = await startSshd();
  });
  after(() => server.stop());

  function open(path: string): Promise<Storage> {
    const { user, host, port, knownHosts, keyFile } = server;
    return openStorage(`sftp://${user}@${host}:${port}/${path}`, {
      environment: { HOME: '/nowhere' },
      credentials: { keyFile },
      extended: new Map([['sftp.known-hosts', knownHosts]]),
    });
  }

  storageContract('sftp on OpenSSH', async () => ({ storage: await open(`${server.home}/contract/a b`) }));
});
