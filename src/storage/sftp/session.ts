/** The SFTP channel of a connection to an SSH server: requests as promises, which all fail when the connection is lost. */
import type ssh from 'ssh2';
import type { SFTPWrapper } from 'ssh2';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { orAborted } from '../../kernel/or-aborted.ts';
import type { Connection } from './connection.ts';
import { connectError, status, statusOf } from './errors.ts';

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

/** Rejects with one of the sentences of errors.ts. Ends the connection when there is no SFTP on it. */
export async function openSession(
  connection: Connection,
  timeout: number,
  signal?: AbortSignal,
): Promise<Session> {
  const { client, place } = connection;
  try {
    const { promise, resolve, reject } = Promise.withResolvers<SFTPWrapper>();
    client.on('close', () => reject(new Error('Connection closed')));
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
    return createSession(client, await orAborted(promise, signal), timeout);
  } catch (error) {
    client.destroy();
    throw connectError(error, place);
  }
}

function createSession(client: ssh.Client, sftp: SFTPWrapper, timeout: number): Session {
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
