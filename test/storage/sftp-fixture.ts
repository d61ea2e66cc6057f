/** Opens SFTP storages on the test's server, without retries, so that a test sees what the storage itself does. */
import { sftpLocation } from '../../src/storage/sftp/location.ts';
import type { OpenSftpOptions } from '../../src/storage/sftp/open.ts';
import { openSftpStorage } from '../../src/storage/sftp/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { SshServer } from '../support/sshd.ts';

export interface SftpChoice extends Partial<Omit<OpenSftpOptions, 'settings'>> {
  readonly user?: string;
  readonly host?: string;
  readonly port?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** `path` is one of the server's. With the first of the server's keys, and knowing its host key, unless told otherwise. */
export function openSftp(server: SshServer, path: string, choice: SftpChoice = {}): Storage {
  const { user = server.user, host = server.host, port = server.port, settings = {}, ...others } = choice;
  const text = `sftp://${user}@${host}:${port}/${path}`;
  return openSftpStorage(text, sftpLocation(text), {
    environment: { HOME: '/nowhere' },
    credentials: { keyFile: server.keyFile },
    settings: new Map(Object.entries({ 'known-hosts': server.knownHosts, ...settings })),
    ...others,
  });
}
