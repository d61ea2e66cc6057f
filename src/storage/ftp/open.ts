/** Puts an FTP storage together from its location, the credentials, `-o ftp.*` and the environment. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StorageCredentials } from '../credentials.ts';
import { countSetting, refuseUnknownSettings } from '../settings.ts';
import type { Storage } from '../storage.ts';
import { connectClient } from './connection.ts';
import { codeOf } from './errors.ts';
import type { FtpLocation } from './location.ts';
import { createPool } from './pool.ts';
import { createFtpStorage } from './storage.ts';

export interface OpenFtpOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly credentials?: StorageCredentials | undefined;
  /** as `-o` has them, without their `ftp.` */
  readonly settings: ReadonlyMap<string, string>;
  readonly caFiles?: readonly string[];
  readonly clientCertificateFile?: string | undefined;
  readonly insecureTls?: boolean | undefined;
  /** milliseconds */
  readonly stuckRequestTimeout?: number | undefined;
}

/** Servers often let one user have no more than a few. */
const defaultConnections = 4;
const defaultTimeout = 5 * 60_000;

/** Code `usage` for settings that make no sense. Nothing is connected yet. */
export function openFtpStorage(text: string, location: FtpLocation, options: OpenFtpOptions): Storage {
  const { environment, settings, credentials = {} } = options;
  refuseUnknownSettings('ftp', settings, new Set(['connections']));
  const most = countSetting(settings, 'ftp.connections', defaultConnections);
  const pool = createPool({
    most,
    isRefusal: (error) =>
      codeOf(error) !== undefined || (error instanceof HoldfastError && error.code !== 'unreachable'),
    now: () => performance.now(),
    connect: (signal) =>
      connectClient(
        {
          location,
          user: location.user ?? credentials.user ?? 'anonymous',
          password: credentials.password ?? (environment['HOLDFAST_FTP_PASSWORD'] || undefined),
          tls: {
            caFiles: options.caFiles ?? [],
            clientCertificateFile: options.clientCertificateFile,
            insecureTls: options.insecureTls,
            systemAuthorities: true,
          },
          timeout: options.stuckRequestTimeout ?? defaultTimeout,
        },
        signal,
      ),
  });
  return createFtpStorage(pool, { location: text, path: location.path, ahead: most });
}
