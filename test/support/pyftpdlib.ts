/** An FTP server in Python on a free loopback port, which lists with MLSD, in a form that vsftpd does not have. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, greets, startServer } from './server.ts';
import { inFolder, removeTree } from './temp.ts';
import { toolPath } from './tools.ts';

export interface Pyftpdlib {
  /** its location, of the whole server */
  readonly url: string;
  readonly password: string;
  stop(): Promise<void>;
}

export function startPyftpdlib(): Promise<Pyftpdlib> {
  return inFolder('holdfast-pyftpdlib', async (folder) => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const port = await freePort();
    const password = 'anything';
    const server = await startServer({
      command: toolPath('pyftpdlib'),
      args: [
        ...['-m', 'pyftpdlib', '--interface', '127.0.0.1', '--port', String(port), '--write'],
        ...['--directory', data, '--username', 'anna', '--password', password],
      ],
      ready: () => greets(port, false),
    });
    return {
      url: `ftp://anna@127.0.0.1:${port}/`,
      password,
      async stop() {
        await server.stop();
        removeTree(folder);
      },
    };
  });
}
