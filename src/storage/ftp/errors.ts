/** From the answers of FTP servers, and from what goes wrong on the network, to one clear sentence and a hint each. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { networkCodeOf, networkFaults } from '../network.ts';

/** The three digits of a server's refusal; undefined for any other error. */
export function codeOf(error: unknown): number | undefined {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return name === 'FTPError' && typeof code === 'number' ? code : undefined;
}

/** What a server says in its own words, for a sentence of ours. */
function wordsOf(error: unknown): string {
  return messageOf(error)
    .replace(/^\d{3}[ -]/, '')
    .replace(/\s+/g, ' ')
    .replace(/[.\s]+$/, '');
}

/** The server has no such command. */
export function isUnknownCommand(error: unknown): boolean {
  return [500, 501, 502, 504].includes(codeOf(error) ?? 0);
}

/** `action` is what was tried, such as `write data/ab/abcd`; `place` is the storage's location. */
export function ftpError(error: unknown, action: string, place: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const code = codeOf(error);
  const failed = `cannot ${action} in ${place}`;
  if (code === undefined) return brokenError(error, failed);
  const words = wordsOf(error);
  const cause = { cause: error };
  // vsftpd says so when its disk is full, and names no code of its own for that.
  if (code === 452 || code === 552 || (code === 451 && /writing to local file/i.test(words))) {
    return new HoldfastError(
      'disk-full',
      `${failed}: the disk there seems to be full, or a quota used up (${words})`,
      {
        ...cause,
        hint: 'free some space; what was stored before is intact',
      },
    );
  }
  if (code === 530 || code === 532 || code === 553 || code === 550) {
    return new HoldfastError('forbidden', `${failed}: the server does not permit it (${words})`, {
      ...cause,
      hint: 'look at the permissions of the folder, and whether the server lets anybody write',
    });
  }
  if (code < 500) {
    return new HoldfastError('unreachable', `${failed} at the moment: the server says ${words}`, {
      ...cause,
      retryable: true,
    });
  }
  if (isUnknownCommand(error)) {
    return new HoldfastError(
      'unsupported',
      `${failed}: the server does not know a command (${words})`,
      cause,
    );
  }
  return new HoldfastError('failed', `${failed}: the server says ${words}`, cause);
}

/** What is no answer of the server's: the connection, or this side of it. */
function brokenError(error: unknown, failed: string): HoldfastError {
  const message = messageOf(error);
  if (/control characters/i.test(message))
    return new HoldfastError('usage', `${failed}: FTP cannot say a name with a line break in it`, {
      cause: error,
    });
  if (/another host/.test(message)) {
    return new HoldfastError('unreachable', `${failed}: the server sends data connections to another host`, {
      hint: 'a server behind a router must name its outer address, or know EPSV',
      cause: error,
    });
  }
  const why = /timeout/i.test(message) ? 'the server does not answer' : 'the connection was lost';
  return new HoldfastError('unreachable', `${failed}: ${why}`, { retryable: true, cause: error });
}

/** Who connects where, for messages. */
export interface ConnectPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hasPassword: boolean;
  readonly secure: boolean;
  /** it has not come as far as TLS, which was asked for */
  readonly refusesTls: boolean;
}

/** For whatever stops a connection from being made. */
export function connectError(error: unknown, place: ConnectPlace): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { host, port, user } = place;
  const server = port === 21 || port === 990 ? host : `${host}:${port}`;
  const code = codeOf(error);
  const words = wordsOf(error);
  const make = (why: string, retryable: boolean, hint?: string): HoldfastError =>
    new HoldfastError('unreachable', `${server} cannot be reached: ${why}`, {
      retryable,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  if (code === 421) return make(`it says ${words}`, true, 'fewer connections at once: -o ftp.connections=2');
  if (code !== undefined && place.refusesTls)
    return make(
      `it does not offer TLS (${words})`,
      false,
      'a server without TLS needs ftp://, which hides nothing',
    );
  if (code === 530 || code === 430 || code === 332) return refused(server, words, place, error);
  if (code !== undefined) return make(`it says ${words}`, code < 500);
  const network = networkCodeOf(error);
  const fault = networkFaults[network];
  if (fault !== undefined) return make(...fault);
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(network || words)) {
    return make(
      `its TLS certificate is not trusted (${words})`,
      false,
      'give the file of its certificate authority with --cacert',
    );
  }
  if (/WRONG_VERSION|PACKET_LENGTH/.test(network))
    return make(
      'it does not speak TLS at once',
      false,
      'ftps:// asks for TLS, ftps+implicit:// begins with it',
    );
  if (/timeout/i.test(words)) return make('it does not answer', true);
  return make(`the connection was cut as ${user} logged in`, true);
}

function refused(server: string, words: string, place: ConnectPlace, cause: unknown): HoldfastError {
  const { user, hasPassword, secure } = place;
  if (!secure && /ssl|tls|encrypt|secure/i.test(words)) {
    return new HoldfastError('unreachable', `${server} lets nobody in without TLS (${words})`, {
      hint: 'write ftps:// in the location',
      cause,
    });
  }
  const message = hasPassword
    ? `${server} does not let ${user} in: the password is wrong, or not accepted (${words})`
    : `${server} does not let ${user} in without a password (${words})`;
  return new HoldfastError('bad-credentials', message, {
    hint: 'check the user in the location, and HOLDFAST_FTP_PASSWORD',
    cause,
  });
}
