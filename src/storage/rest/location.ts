/** The location of a repository on a server that speaks restic's REST protocol, taken apart as restic does it. */
import { HoldfastError } from '../../kernel/errors.ts';

export interface RestLocation {
  readonly kind: 'rest';
  readonly secure: boolean;
  /** host and port; `localhost` for a socket */
  readonly host: string;
  /** path of a unix socket that is asked instead of the host */
  readonly socketPath: string | undefined;
  /** encoded, with a slash at its beginning and at its end */
  readonly path: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** the location for people: without the password */
  readonly shown: string;
}

/** `rest:http://user:password@host:port/path`, `rest:https://...`, `rest:http+unix:///socket:/path`. Code `usage`. */
export function restLocation(text: string): RestLocation {
  const form = /^rest:(https?|http\+unix|https\+unix):\/\/(.*)$/is.exec(text);
  const scheme = form?.[1]?.toLowerCase() ?? '';
  const secure = scheme.startsWith('https');
  const url = form ? URL.parse(`${secure ? 'https' : 'http'}://${hostPart(scheme, form[2]!)}`) : null;
  if (url === null || url.search !== '' || url.hash !== '') throw notAServer();
  const socketPath = scheme.endsWith('+unix') ? socketOf(url) : undefined;
  const below = socketPath === undefined ? url.pathname : pathAfterSocket(url);
  return {
    kind: 'rest',
    secure,
    host: url.host,
    socketPath,
    path: `${below.replace(/\/+$/, '')}/`,
    user: url.username === '' ? undefined : decode(url.username),
    password: url.password === '' ? undefined : decode(url.password),
    shown: shownForm(text),
  };
}

/** Does not repeat the text: a password may be in it. */
function notAServer(): HoldfastError {
  return new HoldfastError('usage', 'the location is not the URL of a REST server', {
    hint: 'write rest:https://HOST/PATH, rest:http://HOST:8000/PATH or rest:http+unix:///SOCKET:/PATH',
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notAServer();
  }
}

/** A URL must have a host; a socket has none. */
function hostPart(scheme: string, rest: string): string {
  if (!scheme.endsWith('+unix')) return rest;
  const [login, path] = /^([^/]*@)?(\/.*)$/s.exec(rest)?.slice(1) ?? ['', undefined];
  return path === undefined ? '' : `${login ?? ''}localhost${path}`;
}

function socketOf({ pathname }: URL): string {
  return decode(/^[^:]*/.exec(pathname)![0]);
}

function pathAfterSocket({ pathname }: URL): string {
  const path = /:(\/.*)$/.exec(pathname)?.[1];
  if (path !== undefined) return path;
  throw new HoldfastError('usage', 'the location names a socket, and no path on its server', {
    hint: 'write rest:http+unix:///SOCKET:/PATH',
  });
}

function shownForm(text: string): string {
  return text.replace(/^(rest:[a-z+]+:\/\/[^/@:]*):[^/]*@/i, '$1:***@');
}
