/** A vsftpd of the test's own on a free loopback port, with one user: plain, with TLS asked for, or TLS from the first byte. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { makeOwnSystem, testUser } from './own-system.ts';
import type { UserServer } from './own-system.ts';
import { freePort, greets, startServer } from './server.ts';
import { inFolder, removeTree } from './temp.ts';
import { toolPath } from './tools.ts';

export interface FtpServer extends UserServer {
  /** PEM file of the authority of its certificate; undefined without TLS */
  readonly ca: string | undefined;
  /** what stands before `//` in its location */
  readonly scheme: 'ftp' | 'ftps' | 'ftps+implicit';
}

export interface VsftpdOptions {
  readonly security?: 'none' | 'explicit' | 'implicit';
  /** further lines of vsftpd.conf */
  readonly config?: readonly string[];
}

export function startVsftpd(options: VsftpdOptions = {}): Promise<FtpServer> {
  return inFolder('holdfast-vsftpd', (folder) => start(folder, options));
}

const schemes = { none: 'ftp', explicit: 'ftps', implicit: 'ftps+implicit' } as const;

async function start(folder: string, options: VsftpdOptions): Promise<FtpServer> {
  const { security = 'none' } = options;
  const system = await makeOwnSystem(folder);
  const ca = security === 'none' ? undefined : await makeCertificate(folder);
  const port = await freePort();
  const config = join(folder, 'vsftpd.conf');
  const lines = [
    'listen=YES',
    'listen_address=127.0.0.1',
    `listen_port=${port}`,
    'background=NO',
    'anonymous_enable=NO',
    'local_enable=YES',
    'write_enable=YES',
    'local_umask=077',
    'xferlog_enable=NO',
    'delay_failed_login=0',
    'seccomp_sandbox=NO',
    'utf8_filesystem=YES',
    'secure_chroot_dir=/run/vsftpd/empty',
    ...(ca === undefined
      ? []
      : [
          'ssl_enable=YES',
          'force_local_data_ssl=YES',
          'force_local_logins_ssl=YES',
          'require_ssl_reuse=YES',
          'ssl_ciphers=HIGH',
          `implicit_ssl=${security === 'implicit' ? 'YES' : 'NO'}`,
          `rsa_cert_file=${join(folder, 'public.crt')}`,
          `rsa_private_key_file=${join(folder, 'private.key')}`,
        ]),
    ...(options.config ?? []),
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const [command = '', ...first] = system.enter;
  const run = (): ReturnType<typeof startServer> =>
    startServer({
      command,
      args: [...first, toolPath('vsftpd'), config],
      ready: () => greets(port, security === 'implicit'),
    });
  let server = await run();
  return {
    host: '127.0.0.1',
    port,
    user: testUser.name,
    password: testUser.password,
    home: system.home,
    smallDisk: system.smallDisk,
    ca,
    scheme: schemes[security],
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
