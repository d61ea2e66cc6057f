import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { storageContract } from '../../src/testing/storage-contract.ts';
import type { Pyftpdlib } from '../support/pyftpdlib.ts';
import { startPyftpdlib } from '../support/pyftpdlib.ts';
import { skipWithout } from '../support/tools.ts';

describe('ftp on a server that lists with MLSD', { skip: skipWithout('pyftpdlib') }, () => {
  let server: Pyftpdlib;
  const open = (path: string): Promise<Storage> =>
    openStorage(`${server.url}${path}`, { environment: { HOLDFAST_FTP_PASSWORD: server.password } });
  before(async () => {
    server = await startPyftpdlib();
  });
  after(() => server.stop());

  storageContract('ftp on pyftpdlib', async () => ({ storage: await open('contract/a b') }));

  it('knows the size and time of each file to the second', async () => {
    const storage = await open('times');
    try {
      const before = Date.now() - 1000;
      await storage.write('folder/x', patternBytes(1234));
      const [found] = await listAll(storage, '');
      assert.equal(found?.name, 'folder/x');
      assert.equal(found?.size, 1234);
      const { modified = 0 } = await storage.stat('folder/x');
      assert.ok(modified >= before && modified <= Date.now() + 1000, String(modified));
    } finally {
      await storage.close();
    }
  });
});
