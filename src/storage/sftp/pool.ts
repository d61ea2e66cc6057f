/** The connections to one server: made when there is work for them, shared when there are enough. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Session } from './session.ts';

export interface SessionPool {
  /** The connection with the least to do; the caller gives it back. */
  take(signal?: AbortSignal): Promise<Session>;
  giveBack(session: Session): void;
  close(): void;
}

/** `connect` is called for at most `most` connections at the same time. */
export function createPool(connect: (signal: AbortSignal) => Promise<Session>, most: number): SessionPool {
  let sessions: Session[] = [];
  let opening: Promise<Session> | undefined;
  const end = new AbortController();

  async function open(): Promise<Session> {
    try {
      const session = await connect(end.signal);
      sessions.push(session);
      return session;
    } finally {
      opening = undefined;
    }
  }

  return {
    async take(signal) {
      if (end.signal.aborted) throw new HoldfastError('failed', 'the storage has been closed');
      sessions = sessions.filter(({ lost }) => !lost);
      const idlest = sessions.toSorted((a, b) => a.load - b.load)[0];
      if (opening === undefined && sessions.length < most && (idlest === undefined || idlest.load > 0)) {
        opening = open();
        // Who has a connection already does without this one.
        opening.catch(() => {});
      }
      const session = idlest ?? (await orAborted(opening!, signal));
      session.load++;
      return session;
    },
    giveBack(session) {
      session.load--;
    },
    close() {
      end.abort();
      for (const session of sessions) session.end();
      sessions = [];
    },
  };
}

/** `work` goes on for others when `signal` aborts. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void =>
    reject(new HoldfastError('interrupted', 'interrupted', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort);
  try {
    if (signal.aborted) onAbort();
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
