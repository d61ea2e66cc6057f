/** The connections to one FTP server: each does one thing at a time, so whoever wants something may have to wait for one. */
import type { Client } from 'basic-ftp';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { orAborted } from '../../kernel/or-aborted.ts';

export interface ClientPool {
  /**
   * Runs `work` on a connection that nobody else has. It is ended when `signal` aborts, and after a `work` that has thrown
   * anything but a plain refusal: what the server would still say about it would be taken for the answer to something else.
   */
  use<T>(signal: AbortSignal | undefined, work: (client: Client) => Promise<T>): Promise<T>;
  /** A connection for as long as a stream lasts. They are not counted, or a slow reader could stop everybody else. */
  take(signal: AbortSignal | undefined): Promise<Client>;
  /** `clean`: nothing is on its way on it any more */
  giveBack(client: Client, clean: boolean): void;
  close(): void;
}

export interface PoolOptions {
  readonly connect: (signal: AbortSignal | undefined) => Promise<Client>;
  readonly most: number;
  /** true for an error after which the connection is as good as before */
  readonly isRefusal: (error: unknown) => boolean;
  /** milliseconds since any time */
  readonly now: () => number;
}

/** Milliseconds after which a connection that nobody used is not trusted any more: servers and routers forget them. */
const longestIdle = 60_000;

export function createPool({ connect, most, isRefusal, now }: PoolOptions): ClientPool {
  let idle: { client: Client; since: number }[] = [];
  const busy = new Set<Client>();
  const waiting: (() => void)[] = [];
  let running = 0;
  let closed = false;

  async function enter(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    if (running < most) {
      running++;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      const at = waiting.indexOf(resolve);
      // Who is no longer in the queue has just been given the place.
      if (at < 0) return;
      waiting.splice(at, 1);
      reject(new HoldfastError('interrupted', 'interrupted', { cause: signal?.reason }));
    };
    waiting.push(resolve);
    signal?.addEventListener('abort', onAbort);
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  function leave(): void {
    const next = waiting.shift();
    // Who waits takes this place over.
    if (next === undefined) running--;
    else next();
  }

  async function take(signal: AbortSignal | undefined): Promise<Client> {
    throwIfAborted(signal);
    if (closed) throw new HoldfastError('failed', 'the storage has been closed');
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      const { client, since } = kept;
      if (client.closed) continue;
      if (now() - since > longestIdle) client.close();
      else {
        busy.add(client);
        return client;
      }
    }
    const client = await connect(signal);
    if (closed) {
      client.close();
      throw new HoldfastError('failed', 'the storage has been closed');
    }
    busy.add(client);
    return client;
  }

  function giveBack(client: Client, clean: boolean): void {
    busy.delete(client);
    if (!clean || closed || client.closed || idle.length >= most) client.close();
    else idle.push({ client, since: now() });
  }

  return {
    take,
    giveBack,
    async use(signal, work) {
      await enter(signal);
      try {
        const client = await take(signal);
        const onAbort = (): void => client.close();
        signal?.addEventListener('abort', onAbort);
        let clean = false;
        try {
          throwIfAborted(signal);
          // A client that is closed while it opens a data connection never answers.
          const result = await orAborted(work(client), signal);
          clean = true;
          return result;
        } catch (error) {
          throwIfAborted(signal);
          clean = isRefusal(error);
          throw error;
        } finally {
          signal?.removeEventListener('abort', onAbort);
          giveBack(client, clean);
        }
      } finally {
        leave();
      }
    },
    close() {
      closed = true;
      for (const { client } of idle) client.close();
      for (const client of busy) client.close();
      idle = [];
    },
  };
}
