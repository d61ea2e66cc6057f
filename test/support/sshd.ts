/** An OpenSSH server of the test's own on a free loopback port, with one user, keys and host keys of its own. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeOwnSystem, testUser } from './own-system.ts';
import type { UserServer } from './own-system.ts';
import { runProgram } from './program.ts';
import { freePort, greets, startServer } from './server.ts';
import { inFolder, removeTree } from './temp.ts';
import { toolPath } from './tools.ts';

export interface SshServer extends UserServer {
  /** a private key that the server lets in, and one with a passphrase */
  readonly keyFile: string;
  readonly protectedKeyFile: string;
  readonly passphrase: string;
  /** a key that the server does not know */
  readonly strangeKeyFile: string;
  /** knows the server's key */
  readonly knownHosts: string;
  /** an ssh_config for ssh, scp, sftp and restic, with the host `test` */
  readonly sshConfig: string;
  /** a home whose .ssh/config says all that, and whose bin/ssh heeds it when it is first in PATH */
  readonly clientHome: string;
}

export interface SshdOptions {
  /** what serves SFTP, default OpenSSH's own with all that it knows */
  readonly subsystem?: string;
}

export function startSshd(options: SshdOptions = {}): Promise<SshServer> {
  return inFolder('holdfast-sshd', (folder) => start(folder, options));
}

async function start(folder: string, options: SshdOptions): Promise<SshServer> {
  const system = await makeOwnSystem(folder);
  const at = (name: string): string => join(folder, name);
  const passphrase = 'battery staple';
  const makeKey = (name: string, type: string, secret = ''): Promise<unknown> =>
    runProgram('ssh-keygen', ['-q', '-t', type, '-N', secret, '-f', at(name), '-C', 'test']);
  await Promise.all([
    makeKey('host_ed25519', 'ed25519'),
    makeKey('host_ecdsa', 'ecdsa'),
    makeKey('user', 'ed25519'),
    makeKey('protected', 'ed25519', passphrase),
    makeKey('strange', 'ed25519'),
  ]);
  const publicKey = (name: string): string => readFileSync(at(`${name}.pub`), 'utf8');
  writeFileSync(at('authorized_keys'), publicKey('user') + publicKey('protected'));
  const port = await freePort();
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${publicKey('host_ed25519')}`);
  writeFileSync(
    at('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host_ed25519')}`,
      `HostKey ${at('host_ecdsa')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication no',
      `Subsystem sftp ${options.subsystem ?? 'internal-sftp'}`,
      `AllowUsers ${testUser.name}`,
      'MaxStartups 100',
    ].join('\n') + '\n',
  );
  writeFileSync(
    at('ssh_config'),
    [
      'Host test 127.0.0.1',
      '  HostName 127.0.0.1',
      `  Port ${port}`,
      `  User ${testUser.name}`,
      `  IdentityFile ${at('user')}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${at('known_hosts')}`,
    ].join('\n') + '\n',
  );
  mkdirSync(at('client/.ssh'), { recursive: true });
  copyFileSync(at('ssh_config'), at('client/.ssh/config'));
  // ssh itself looks for its configuration in the home of the user's account, whatever HOME says
  mkdirSync(at('client/bin'));
  writeFileSync(at('client/bin/ssh'), `#!/bin/sh\nPATH=\${PATH#*:} exec ssh -F ${at('ssh_config')} "$@"\n`, {
    mode: 0o755,
  });

  const [command = '', ...first] = system.enter;
  const run = (): ReturnType<typeof startServer> =>
    startServer({
      command,
      args: [...first, toolPath('sshd'), '-D', '-e', '-f', at('sshd_config')],
      ready: () => greets(port),
    });
  let server = await run();
  return {
    host: '127.0.0.1',
    port,
    user: testUser.name,
    password: testUser.password,
    home: system.home,
    smallDisk: system.smallDisk,
    keyFile: at('user'),
    protectedKeyFile: at('protected'),
    passphrase,
    strangeKeyFile: at('strange'),
    knownHosts: at('known_hosts'),
    sshConfig: at('ssh_config'),
    clientHome: at('client'),
    async stop() {
      await server.stop();
      removeTree(folder);
    },
    async restart() {
      await server.stop();
      server = await run();
    },
  };
}
