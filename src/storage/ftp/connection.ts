/** Makes one connection to an FTP server: TLS, login, binary files, and the folder that it begins in. */
import { Client } from 'basic-ftp';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { tlsSettings } from '../tls.ts';
import type { TlsOptions } from '../tls.ts';
import { codeOf, connectError } from './errors.ts';
import type { FtpLocation } from './location.ts';

export interface ConnectOptions {
  readonly location: FtpLocation;
  readonly user: string;
  readonly password: string | undefined;
  readonly tls: TlsOptions;
  /** milliseconds without a byte after which a connection counts as lost */
  readonly timeout: number;
}

/** Milliseconds for the connection, TLS and the login. */
const connectTimeout = 30_000;

/** Rejects with one of the sentences of errors.ts. */
export async function connectClient(
  options: ConnectOptions,
  signal: AbortSignal | undefined,
): Promise<Client> {
  throwIfAborted(signal);
  const { location, user, password, timeout } = options;
  const { host, port, security } = location;
  const client = new Client(timeout);
  // A client that is closed in the midst of TLS's handshake never answers.
  const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
  const onAbort = (): void => giveUp(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  const late = setTimeout(() => giveUp(new Error('timeout')), Math.min(connectTimeout, timeout));
  try {
    const access = client.access({
      host,
      port,
      user,
      // Anonymous users give any, by custom an address.
      password: password ?? (user === 'anonymous' ? 'holdfast@' : ''),
      secure: security === 'none' ? false : security === 'implicit' ? 'implicit' : true,
      ...(security !== 'none' && { secureOptions: { ...tlsSettings(options.tls) } }),
    });
    await Promise.race([access, givenUp]);
    return client;
  } catch (error) {
    const refusesTls = security === 'explicit' && !client.ftp.hasTLS;
    client.close();
    if (signal?.aborted) throw new HoldfastError('interrupted', 'interrupted', { cause: signal.reason });
    const hasPassword = password !== undefined || user === 'anonymous';
    throw connectError(error, { host, port, user, hasPassword, refusesTls, secure: security !== 'none' });
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The folder that a fresh connection is in; the root of the server when it does not say. */
export async function startFolder(client: Client): Promise<string> {
  try {
    return await client.pwd();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return '/';
  }
}
