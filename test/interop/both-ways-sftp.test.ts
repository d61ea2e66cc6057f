/** Over SFTP Holdfast and the stock restic do everything to each other's repositories. */
import { skipWithoutOwnSystem } from '../support/own-system.ts';
import { startSshd } from '../support/sshd.ts';
import { skipWithout } from '../support/tools.ts';
import { bothWays } from './both-ways.ts';

const skip =
  skipWithoutOwnSystem() || skipWithout('restic', 'sshd', 'openssl', 'setfattr', 'getfattr', 'setfacl');

bothWays('sftp', skip, async () => {
  const server = await startSshd();
  const { user, port, home, clientHome } = server;
  return {
    access: (name) => ({
      repository: `sftp://${user}@127.0.0.1:${port}/${home}/${name}`,
      // restic starts ssh
      env: { PATH: `${clientHome}/bin:${process.env['PATH']}`, HOME: clientHome },
    }),
    stop: () => server.stop(),
  };
});
