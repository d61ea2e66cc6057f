/** The connections to one server: made when there is work for them, shared when there are enough. */
import { HoldfastError } from '../../kernel/errors.ts';
import { orAborted } from '../../kernel/or-aborted.ts';
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
      // It is made for others, too, when this one gives up.
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
