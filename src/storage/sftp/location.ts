/** The text that names a folder on an SSH server, taken apart: restic's two forms. */
import { HoldfastError } from '../../kernel/errors.ts';
import { passwordInLocation, userInLocation } from '../location-login.ts';

export interface SftpLocation {
  readonly kind: 'sftp';
  /** undefined means the one of ~/.ssh/config, or this user's */
  readonly user: string | undefined;
  /** a name of ~/.ssh/config, too */
  readonly host: string;
  readonly port: number | undefined;
  /** absolute, or relative to the folder that the server puts the user in */
  readonly path: string;
}

const forms = 'write sftp:USER@HOST:PATH or sftp://USER@HOST:PORT//ABSOLUTE/PATH';

/** `sftp:user@host:/path`, `sftp:host:relative`, `sftp://user@host:port//absolute`, `sftp://host/relative`. Code `usage` for anything else. */
export function sftpLocation(text: string): SftpLocation {
  const rest = text.slice('sftp:'.length);
  // Until there is a host the text may hold a password, and is not repeated.
  const match =
    /^\/\/(?:(?<login>[^/]*)@)?(?<host>\[[^\]/]+\]|[^/:@]+)(?::(?<port>\d*))?\/(?<path>.*)$/s.exec(rest) ??
    /^(?!\/)(?:(?<login>(?:[^/:]|:(?=[^/]*@[^/]*:))*)@)?(?<host>\[[^\]/]+\]|[^/:@]+):(?<path>.*)$/s.exec(
      rest,
    );
  const { login, host, port, path } = match?.groups ?? {};
  if (host === undefined || path === undefined) {
    throw new HoldfastError('usage', 'the sftp location names no host and path', { hint: forms });
  }
  if (login?.includes(':')) throw passwordInLocation('HOLDFAST_SFTP_PASSWORD');
  const url = rest.startsWith('//');
  const folder = clean(path);
  if (path === '' || folder === '') {
    throw new HoldfastError('usage', `${text} names no folder`, { hint: forms });
  }
  if (folder.startsWith('~')) {
    throw new HoldfastError('usage', `${text} begins its path with ~, which SFTP does not know`, {
      hint: 'a relative path begins in the home folder',
    });
  }
  const number = port === undefined || port === '' ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535)) {
    throw new HoldfastError('usage', `${text} has no valid port`);
  }
  return {
    kind: 'sftp',
    user: url ? userInLocation(login) : login || undefined,
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    path: folder,
  };
}

/** Without doubled slashes, `.` parts and a slash at its end. */
function clean(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return path.startsWith('/') ? `/${parts.join('/')}` : parts.join('/') || '.';
}
