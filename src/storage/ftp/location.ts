/** The URL that names a folder on an FTP server, taken apart. */
import { HoldfastError } from '../../kernel/errors.ts';
import { passwordInLocation, userInLocation } from '../location-login.ts';

export interface FtpLocation {
  readonly kind: 'ftp';
  /** TLS from the first byte, by the command AUTH TLS, or none */
  readonly security: 'implicit' | 'explicit' | 'none';
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number;
  /** absolute, or relative to the folder that the server puts the user in */
  readonly path: string;
}

const securities = { ftp: 'none', ftps: 'explicit', 'ftps+implicit': 'implicit' } as const;

/** `ftp://`, `ftps://` (TLS by AUTH TLS) and `ftps+implicit://`, then `user@host:port/relative` or `//absolute`; `/.` is where the user begins. Code `usage` for anything else. */
export function ftpLocation(text: string): FtpLocation {
  const match =
    /^(?<scheme>[a-z+]+):\/\/(?:(?<login>[^/]*)@)?(?<host>\[[^\]/]+\]|[^/:@]+)(?::(?<port>\d*))?\/(?<path>.+)$/is.exec(
      text,
    );
  const { scheme, login, host, port, path } = match?.groups ?? {};
  // Until there is a host the text may hold a password, and is not repeated.
  if (scheme === undefined || host === undefined || path === undefined) {
    throw new HoldfastError('usage', 'the FTP location names no host and folder', {
      hint: 'write ftps://USER@HOST/FOLDER, with // before a FOLDER that does not begin in the home folder',
    });
  }
  if (login?.includes(':')) throw passwordInLocation('HOLDFAST_FTP_PASSWORD');
  const security = securities[scheme.toLowerCase() as keyof typeof securities];
  const number = port ? Number(port) : security === 'implicit' ? 990 : 21;
  if (number < 1 || number > 65_535) throw new HoldfastError('usage', `${text} has no valid port`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const isHome = parts.length === 0 && /^\.\/*$/.test(path);
  if (parts.length === 0 && !isHome) throw new HoldfastError('usage', `${text} names no folder`);
  return {
    kind: 'ftp',
    security,
    user: userInLocation(login),
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    path: isHome ? '.' : (path.startsWith('/') ? '/' : '') + parts.join('/'),
  };
}

/** True for text that is meant for ftpLocation. */
export function isFtpLocation(text: string): boolean {
  const scheme = /^[a-z+]+(?=:)/i.exec(text)?.[0].toLowerCase();
  return scheme !== undefined && scheme in securities;
}
