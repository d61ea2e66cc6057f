import { after, before, describe } from 'node:test';
import { openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { storageContract } from '../../src/testing/storage-contract.ts';
import { skipWithoutOwnSystem } from '../support/own-system.ts';
import { skipWithout } from '../support/tools.ts';
import type { FtpServer } from '../support/vsftpd.ts';
import { startVsftpd } from '../support/vsftpd.ts';

const skip = skipWithoutOwnSystem() || skipWithout('vsftpd', 'openssl');

function open({ scheme, user, host, port, password, ca }: FtpServer, path: string): Promise<Storage> {
  return openStorage(`${scheme}://${user}@${host}:${port}/${path}`, {
    environment: { HOLDFAST_FTP_PASSWORD: password },
    ...(ca !== undefined && { caFiles: [ca] }),
  });
}

for (const [security, title] of [
  ['none', 'plain'],
  ['explicit', 'explicit TLS'],
  ['implicit', 'implicit TLS'],
] as const) {
  describe(`ftp, ${title}`, { skip }, () => {
    let server: FtpServer;
    before(async () => {
      server = await startVsftpd({ security });
    });
    after(() => server.stop());

    storageContract(`ftp on vsftpd, ${title}`, async () => ({
      storage: await open(server, `${server.home}/contract/a b`),
    }));
  });
}
