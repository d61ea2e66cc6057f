/** From SFTP's status codes, and from what goes wrong while connecting, to one clear sentence and a hint each. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { networkCodeOf, networkFaults } from '../network.ts';

/** SSH_FX_* of the draft that all servers speak. */
export const status = {
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
} as const;

/** The status code of an answer; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

/** `action` is what was tried, such as `write data/ab/abcd`; `place` is the storage's location. */
export function sftpError(error: unknown, action: string, place: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const cause = { cause: error };
  const failed = `cannot ${action} in ${place}`;
  switch (statusOf(error)) {
    case status.noSuchFile:
      return new HoldfastError('not-found', `${failed}: it does not exist`, cause);
    case status.permissionDenied:
      return new HoldfastError('forbidden', `${failed}: permission denied`, {
        ...cause,
        hint: 'log in as the user who owns the folder, or change its permissions',
      });
    case status.failure:
      return new HoldfastError('failed', `${failed}: the server says no more than that it failed`, {
        ...cause,
        hint: 'a disk quota may be used up, or a folder stand where a file should be',
      });
    case status.badMessage:
      return new HoldfastError('usage', `${failed}: the server does not accept this name`, {
        ...cause,
        hint: 'it may be too long for the file system there',
      });
    case status.noConnection:
    case status.connectionLost:
      return lostError(failed, error);
    case status.unsupported:
      return new HoldfastError('unsupported', `${failed}: the server does not support that`, cause);
    default:
      return new HoldfastError('failed', `${failed}: ${messageOf(error)}`, cause);
  }
}

export function diskFullError(action: string, place: string, cause: unknown): HoldfastError {
  return new HoldfastError('disk-full', `cannot ${action} in ${place}: the disk there is full`, {
    hint: 'free some space; what was stored before is intact',
    cause,
  });
}

export function lostError(what: string, cause: unknown): HoldfastError {
  return new HoldfastError('unreachable', `${what}: the connection was lost`, { retryable: true, cause });
}

/** Who connects where, for messages. */
export interface ConnectPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** what the user is known by: `password`, `key FILE`, `agent` */
  readonly ways: readonly string[];
}

/** For whatever stops a connection from being made; `error` comes from the system or from ssh2. */
export function connectError(error: unknown, place: ConnectPlace): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const server = place.port === 22 ? place.host : `${place.host}:${place.port}`;
  const message = messageOf(error);
  const { level } = (error ?? {}) as { level?: unknown };
  if (level === 'client-authentication' || /authentication failures/i.test(message))
    return refused(server, place, error);
  const fault = networkFaults[networkCodeOf(error)];
  const make = (why: string, retryable: boolean, hint?: string): HoldfastError =>
    new HoldfastError('unreachable', `${server} cannot be reached: ${why}`, {
      retryable,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  if (fault !== undefined) return make(...fault);
  if (level === 'client-timeout') return make('it does not answer', true);
  if (/^Connection lost|^No response|^Connection closed|^Not connected/.test(message))
    return make('the connection was cut', true);
  if (/subsystem/i.test(message)) {
    return new HoldfastError('unsupported', `${server} has no SFTP: ${message.toLowerCase()}`, {
      hint: 'let the server offer its subsystem sftp',
      cause: error,
    });
  }
  if (level === 'handshake' || level === 'protocol')
    return make(`it and this program do not understand each other (${message})`, false);
  return make(message, true);
}

function refused(server: string, { user, ways }: ConnectPlace, cause: unknown): HoldfastError {
  const tried = ways.join(', ');
  const message = ways.includes('password')
    ? `${server} does not let ${user} in: the password is wrong, or not accepted (tried: ${tried})`
    : `${server} does not let ${user} in (tried: ${tried})`;
  return new HoldfastError('bad-credentials', message, {
    hint: 'check the user, and HOLDFAST_SFTP_PASSWORD, HOLDFAST_SFTP_KEY_FILE or the keys of ssh-agent',
    cause,
  });
}
