/** One connection to an SSH server with its SFTP channel: requests as promises, which all fail when the connection is lost. */
import ssh from 'ssh2';
import type { SFTPWrapper, ServerHostKeyAlgorithm } from 'ssh2';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { connectError, status, statusOf } from './errors.ts';
import type { Login } from './login.ts';
import { connectSocket } from './socket.ts';

export interface Session {
  /** true from the moment when no request can be answered any more */
  readonly lost: boolean;
  /** what one request should read or write */
  readonly requestBytes: number;
  /** pieces of work that use it now; kept by the pool */
  load: number;
  /**
   * Sends one request. Rejects with an error that carries a status of errors.ts, `connectionLost` also when the server is
   * silent, or with the code `interrupted` when `signal` aborts: the server may still do it then.
   */
  ask<T = void>(send: Send<T>, signal?: AbortSignal): Promise<T>;
  end(): void;
}

export type Send<T> = (sftp: SFTPWrapper, done: (error: Error | null | undefined, value?: T) => void) => void;

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly login: Login;
  /** undefined lets the connection be made; else the reason why the server's key is not trusted */
  readonly judge: (key: Buffer) => HoldfastError | undefined;
  /** types of host keys to ask for first */
  readonly knownTypes: readonly string[];
  /** milliseconds without an answer after which a connection counts as lost */
  readonly timeout: number;
}

/** Milliseconds for the connection, and for finding out that its other end is gone. */
const connectTimeout = 30_000;
const keepAlive = 20_000;

/** The authenticated ciphers that processors have instructions for, first. */
const ciphers: ssh.CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com' as ssh.CipherAlgorithm,
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];

/** Rejects with one of the sentences of errors.ts. */
export async function connectSession(options: ConnectOptions, signal?: AbortSignal): Promise<Session> {
  throwIfAborted(signal);
  const { host, port, user, login, judge } = options;
  const client = new ssh.Client();
  const socket = connectSocket(host, port);
  const { promise, resolve, reject } = Promise.withResolvers<SFTPWrapper>();
  let untrusted: HoldfastError | undefined;
  const fail = (error: unknown): void =>
    reject(untrusted ?? connectError(error, { host, port, user, ways: login.ways }));
  client.on('error', (error: Error & { readonly level?: string }) => {
    // An agent that is not there any more: other ways to log in follow.
    if (error.level !== 'agent') fail(error);
  });
  client.on('close', () => fail(new Error('Connection closed')));
  client.on('ready', () => client.sftp((error, sftp) => (error ? fail(error) : resolve(sftp))));
  const onAbort = (): void =>
    reject(new HoldfastError('interrupted', 'interrupted', { cause: signal?.reason }));
  signal?.addEventListener('abort', onAbort);
  try {
    client.connect({
      sock: socket,
      username: user,
      authHandler: [...login.methods],
      readyTimeout: connectTimeout,
      keepaliveInterval: Math.min(keepAlive, options.timeout),
      keepaliveCountMax: 3,
      algorithms: { cipher: ciphers, serverHostKey: hostKeyOrder(options.knownTypes) },
      hostVerifier: (key: Buffer) => {
        untrusted = judge(key);
        return untrusted === undefined;
      },
    });
    const sftp = await promise;
    return createSession(client, sftp, options);
  } catch (error) {
    socket.destroy();
    throw error instanceof HoldfastError
      ? error
      : connectError(error, { host, port, user, ways: login.ways });
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

const hostKeyAlgorithms: ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512' as ServerHostKeyAlgorithm,
  'rsa-sha2-256' as ServerHostKeyAlgorithm,
];

/** Servers show one key alone: it should be of a type that is known. */
function hostKeyOrder(known: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (name: string): boolean =>
    known.includes(name) || (name.startsWith('rsa-') && known.includes('ssh-rsa'));
  return [...hostKeyAlgorithms.filter(isKnown), ...hostKeyAlgorithms.filter((name) => !isKnown(name))];
}

function createSession(client: ssh.Client, sftp: SFTPWrapper, { timeout }: ConnectOptions): Session {
  const waiting = new Set<(error: Error) => void>();
  let lost = false;
  let silence: NodeJS.Timeout | undefined;

  function lose(error: unknown): void {
    lost = true;
    clearTimeout(silence);
    for (const reject of waiting) reject(connectionLost(error));
    waiting.clear();
    client.destroy();
  }

  client.on('error', lose);
  client.on('close', () => lose(undefined));
  sftp.on('error', lose);
  sftp.on('close', () => lose(undefined));

  function begin(reject: (error: Error) => void): void {
    waiting.add(reject);
    if (waiting.size > 1) return;
    silence = setTimeout(() => lose(new Error('the server does not answer')), timeout);
  }

  function finish(reject: (error: Error) => void): void {
    waiting.delete(reject);
    if (waiting.size === 0) clearTimeout(silence);
    else silence?.refresh();
  }

  return {
    requestBytes: requestBytesOf(sftp),
    load: 0,
    get lost() {
      return lost;
    },
    async ask<T>(send: Send<T>, signal?: AbortSignal): Promise<T> {
      throwIfAborted(signal);
      if (lost) throw connectionLost(undefined);
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const onAbort = (): void =>
        reject(new HoldfastError('interrupted', 'interrupted', { cause: signal?.reason }));
      signal?.addEventListener('abort', onAbort);
      begin(reject);
      try {
        request(sftp, send, (error, value) => {
          if (!error) resolve(value as T);
          // What has no status is no answer of the server's: its channel has gone.
          else reject(statusOf(error) === undefined ? connectionLost(error) : error);
        });
        return await promise;
      } finally {
        finish(reject);
        signal?.removeEventListener('abort', onAbort);
      }
    },
    end() {
      lost = true;
      clearTimeout(silence);
      client.end();
      // Who does not say goodbye in time is not waited for.
      setTimeout(() => client.destroy(), 1000).unref();
    },
  };
}

/** SSH's packets, of which one carries what SFTP says of a request besides its bytes. */
const packetBytes = 32 << 10;
const headerBytes = 64;

/** Whole packets, as many as the server takes at once: a request that were a little larger would send a small one after them. */
function requestBytesOf(sftp: SFTPWrapper): number {
  // ssh2 finds out what the server takes, and keeps it to itself.
  const { _maxReadLen: read = 0, _maxWriteLen: write = 0 } = sftp as {
    _maxReadLen?: number;
    _maxWriteLen?: number;
  };
  const most = Math.min(read, write);
  const packets = Math.floor((most + headerBytes) / packetBytes);
  return packets > 0 ? packets * packetBytes - headerBytes : Math.max(most, 16 << 10);
}

/** ssh2 throws at once for an extension that the server has not announced. */
function request<T>(sftp: SFTPWrapper, send: Send<T>, done: Parameters<Send<T>>[1]): void {
  try {
    send(sftp, done);
  } catch (error) {
    done(Object.assign(new Error('not supported', { cause: error }), { code: status.unsupported }));
  }
}

function connectionLost(cause: unknown): Error {
  return Object.assign(new Error('the connection was lost', { cause }), { code: status.connectionLost });
}
