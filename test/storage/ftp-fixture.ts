/** Opens FTP storages on the test's server, without retries, so that a test sees what the storage itself does. */
import { ftpLocation } from '../../src/storage/ftp/location.ts';
import type { OpenFtpOptions } from '../../src/storage/ftp/open.ts';
import { openFtpStorage } from '../../src/storage/ftp/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { FtpServer } from '../support/vsftpd.ts';

export interface FtpChoice extends Partial<Omit<OpenFtpOptions, 'settings'>> {
  readonly scheme?: FtpServer['scheme'];
  readonly user?: string;
  readonly host?: string;
  readonly port?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** `path` is one of the server's. */
export function openFtp(server: FtpServer, path: string, choice: FtpChoice = {}): Storage {
  const { scheme, user, host, port, settings = {}, ...others } = { ...withoutSecrets(server), ...choice };
  const text = `${scheme}://${user}@${host}:${port}/${path}`;
  return openFtpStorage(text, ftpLocation(text), {
    environment: { HOLDFAST_FTP_PASSWORD: server.password },
    ...(server.ca !== undefined && { caFiles: [server.ca] }),
    settings: new Map(Object.entries(settings)),
    ...others,
  });
}

function withoutSecrets({
  scheme,
  user,
  host,
  port,
}: FtpServer): FtpChoice & Required<Pick<FtpChoice, 'scheme'>> {
  return { scheme, user, host, port };
}
