/** Where backups are and where their copies go, opened from the settings. */
import { posix } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import type { BackupTargets } from '../../operations/backup-container/backup-database.ts';
import type { BackupPlace } from '../../operations/backup-container/stored-backups.ts';
import { createLocalStorage } from '../../storage/local.ts';
import type { Environment } from '../environment.ts';
import { setting } from '../environment.ts';
import type { ContainerSettings, FtpSettings, S3Settings } from './settings.ts';

export interface OpenedTargets extends BackupTargets, AsyncDisposable {}

/** Nothing is touched yet. */
export async function openTargets(
  settings: ContainerSettings,
  environment: Environment,
  context: Context,
): Promise<OpenedTargets> {
  const folder: BackupPlace = { kind: 'folder', storage: createLocalStorage(settings.folder) };
  const copies: BackupPlace[] = [];
  if (settings.s3) copies.push(await openS3(settings.s3, environment, context));
  if (settings.ftp) copies.push(await openFtp(settings.ftp, environment, context));
  return {
    folder,
    copies,
    async [Symbol.asyncDispose]() {
      await Promise.all(copies.map(({ storage }) => storage.close()));
    },
  };
}

async function openS3(
  { endpoint, bucket, user, password }: S3Settings,
  environment: Environment,
  { clock, warn }: Context,
): Promise<BackupPlace> {
  const { openStorage } = await import('../../storage/open.ts');
  const own = { AWS_ACCESS_KEY_ID: user, AWS_SECRET_ACCESS_KEY: password, AWS_SESSION_TOKEN: undefined };
  const storage = await openStorage(`s3:${endpoint}/${bucket}`, {
    environment: user === undefined ? environment : { ...environment, ...own },
    caFiles: caFiles(environment),
    ...{ clock, onRetry: (message: string) => warn(`${message}; trying again`) },
  });
  return { kind: 'S3', storage };
}

/** As curl reads the URL: `ftps:` is TLS from the first byte. */
async function openFtp(
  { url, user, password }: FtpSettings,
  environment: Environment,
  { clock, warn }: Context,
): Promise<BackupPlace> {
  const [{ openFtpStorage }, { createAttempt, withRetry }] = await Promise.all([
    import('../../storage/ftp/open.ts'),
    import('../../storage/retry.ts'),
  ]);
  const { protocol, hostname, port } = new URL(url);
  const implicit = protocol === 'ftps:';
  const security = implicit ? 'implicit' : environment['FTP_TLS'] === 'off' ? 'none' : 'explicit';
  const storage = openFtpStorage(
    url,
    {
      ...{ kind: 'ftp', security, user, host: hostname.replace(/^\[|\]$/g, '') },
      port: port === '' ? (implicit ? 990 : 21) : Number(port),
      path: ftpFolder(url),
    },
    {
      ...{ environment, settings: new Map(), credentials: { user, password } },
      caFiles: caFiles(environment),
    },
  );
  const attempt = createAttempt({
    ...{ clock, random: Math.random },
    onRetry: (error) => warn(`${error.message}; trying again`),
  });
  return { kind: 'FTP', storage: withRetry(storage, attempt) };
}

/** As curl reads a URL: from where the server puts the user; `//` and `/%2F` begin at the root. */
export function ftpFolder(url: string): string {
  const folder = posix.normalize(decodeURIComponent(new URL(url).pathname.slice(1)) || '.');
  return folder === '/' ? folder : folder.replace(/\/$/, '');
}

/** PEM files of authorities to trust besides those of the system. */
export function caFiles(environment: Environment): string[] {
  return (setting(environment, 'CACERT') ?? '').split(',').filter((path) => path !== '');
}
