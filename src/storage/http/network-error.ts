/** From what the network and the system throw while a request is under way to one clear sentence and a hint each. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { ErrorCode } from '../../kernel/errors.ts';
import type { NetworkFault } from '../network.ts';
import { networkCodeOf, networkFaults } from '../network.ts';
import { ShortAnswerError } from './send.ts';

export interface NetworkPlace {
  /** what was tried, such as `write data/ab/abcd` */
  readonly action: string;
  /** host and port */
  readonly server: string;
  /** host and port of the proxy that is asked for it */
  readonly proxy?: string | undefined;
  /** how a location of this kind names a server without TLS */
  readonly plainForm: string;
  /** where the user says which authorities to trust */
  readonly authorities: string;
}

export type Sentence = [code: ErrorCode, message: string, hint?: string];

/** What the proxy itself answers. */
export function proxyRefusal(status: number, { action, proxy = '' }: NetworkPlace): Sentence {
  if (status === 407) {
    return [
      'forbidden',
      `cannot ${action}: the proxy ${proxy} wants a name and a password, or others`,
      'put them into its URL: http://name:password@host:port',
    ];
  }
  return ['unreachable', `cannot ${action}: the proxy ${proxy} answers with status ${status}`];
}

const network: Readonly<Record<string, NetworkFault>> = {
  ...networkFaults,
  ENOENT: ['there is no such socket', true, 'check its path, and that the server runs'],
  UND_ERR_CONNECT_TIMEOUT: ['it does not answer', true, 'check host and port, and firewalls'],
  UND_ERR_HEADERS_TIMEOUT: ['it does not answer', true],
  UND_ERR_BODY_TIMEOUT: ['it stopped in the midst of an answer', true],
  UND_ERR_SOCKET: ['the connection was cut', true],
};

/** For anything that undici or the system throws while a request is under way. */
export function networkError(error: unknown, place: NetworkPlace): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { action, proxy } = place;
  const server = proxy === undefined ? place.server : `${place.server} through the proxy ${proxy}`;
  const tunnel = /^Proxy response \((\d+)\)/.exec(messageOf(error));
  if (tunnel) {
    const status = Number(tunnel[1]);
    const [code, message, hint] = proxyRefusal(status, place);
    const details = { retryable: status >= 500, cause: error, ...(hint === undefined ? {} : { hint }) };
    return new HoldfastError(code, message, details);
  }
  const code = networkCodeOf(error);
  const known = network[code];
  const make = (message: string, retryable: boolean, hint?: string): HoldfastError =>
    new HoldfastError('unreachable', `cannot ${action}: ${server} cannot be reached: ${message}`, {
      retryable,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  if (known !== undefined) return make(...known);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return make('it does not speak TLS', false, `a server without TLS needs ${place.plainForm}`);
  }
  if (error instanceof ShortAnswerError) return make('the answer was cut', true);
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(code)) {
    return make(
      `its TLS certificate is not trusted (${messageOf(error)})`,
      false,
      `give the file of its certificate authority with ${place.authorities}`,
    );
  }
  return make(
    messageOf(error),
    code.startsWith('UND_ERR_') || code.startsWith('HPE_') || code.startsWith('ERR_SSL_'),
  );
}
