/** Holding a lock while work goes on: refreshed, watched, removed; lost, it ends the work. */
import type { Context } from '../../kernel/context.ts';
import { withSignal } from '../../kernel/context.ts';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { orAborted } from '../../kernel/or-aborted.ts';
import { beforeParting } from '../../kernel/parting.ts';
import type { AcquiredLock } from './lock-acquire.ts';
import { acquireLock, isLockThere, removeLock, settleMs, writeLock } from './lock-acquire.ts';
import { ensuredRepository } from './ensured-repository.ts';
import type { LockHost } from './lock-holder.ts';
import { staleAfterMs, thisHost } from './lock-holder.ts';
import type { Repository } from './repository.ts';

export interface LockOptions {
  /** nobody else may hold any lock: for what removes things */
  readonly exclusive: boolean;
  /** milliseconds to keep trying while somebody else holds the repository, default 0 */
  readonly retryFor?: number;
  /** do not lock at all (`--no-lock`) */
  readonly none?: boolean;
  /**
   * Begin the work while it is still open whether somebody else took a lock at the same moment, which takes 200 ms to
   * know. For work that only reads, or that calls `ensure` before it commits.
   */
  readonly eager?: boolean;
  /** what to tell who may not write a lock, in place of the storage's own hint */
  readonly forbiddenHint?: string;
  /** told once, when waiting begins */
  readonly onWait?: (message: string) => void;
  /** who we are; the system's answer unless a test says otherwise */
  readonly host?: LockHost;
  /** calls `tick` again and again until the returned function is called; every second unless a test drives it */
  readonly poll?: (tick: () => Promise<void>) => () => void;
}

export interface HeldLock {
  /** the locked repository, which calls `ensure` by itself before it writes a snapshot or removes a file */
  readonly repository: Repository;
  /**
   * Makes sure that the lock is good before something that cannot be taken back: that nobody removed it, and after a
   * long standstill it is refreshed first. Rejects when it was lost.
   */
  ensure(): Promise<void>;
}

export const refreshEveryMs = 5 * 60 * 1000;
/** Past this age a refresh must prove that nobody took the lock for stale; some way before others may. */
const tooOldMs = staleAfterMs - (refreshEveryMs * 3) / 2;
/** For so long after somebody looked, the lock is taken for being there. */
const trustedMs = 60_000;
/** After a refresh that failed. */
const retryRefreshMs = 20_000;
const firstRetryMs = 5000;
const longestRetryMs = 60_000;

/**
 * Runs `work` while this process holds a lock. The context that `work` is given is aborted when the lock is lost; the
 * lock is removed in any case. Codes `locked` when it cannot be had, `failed` when it was lost.
 */
export async function withLock<T>(
  repository: Repository,
  options: LockOptions,
  context: Context,
  work: (context: Context, lock: HeldLock) => Promise<T>,
): Promise<T> {
  if (options.none) return work(context, { repository, ensure: async () => {} });
  const host = options.host ?? thisHost;
  const lost = new AbortController();
  const done = new AbortController();
  const acquired = await acquirePatiently(repository, options, context, host);
  let { id, writtenMs } = acquired;
  let seenMs = writtenMs;
  let loss: HoldfastError | undefined;
  let refreshing: Promise<void> | undefined;

  function lose(error: HoldfastError): void {
    loss ??= error;
    lost.abort(error);
  }

  const settling = options.eager
    ? acquired.settle(AbortSignal.any([context.signal, done.signal]))
    : undefined;
  const settled = settling?.catch((error: unknown) => {
    if (!done.signal.aborted) lose(error instanceof HoldfastError ? error : lockLost(error));
  });

  async function refresh(): Promise<void> {
    const now = context.clock.now();
    const old = id;
    const mustProve = now - writtenMs > tooOldMs;
    if (mustProve && !(await isLockThere(repository, old))) throw lockRemoved();
    const fresh = await writeLock(repository, options.exclusive, host, now);
    if (mustProve) {
      await context.clock.sleep(settleMs);
      if (!(await isLockThere(repository, old))) {
        await removeLock(repository, fresh);
        throw lockRemoved();
      }
    }
    id = fresh;
    writtenMs = now;
    seenMs = now;
    await removeLock(repository, old);
  }

  /** One refresh at a time; a loss ends the work. */
  function refreshOnce(): Promise<void> {
    refreshing ??= refresh()
      .catch((error: unknown) => {
        const age = context.clock.now() - writtenMs;
        if (!hasCode(error, 'locked') && age <= tooOldMs) throw error;
        lose(lockLost(error));
        throw loss;
      })
      .finally(() => (refreshing = undefined));
    return refreshing;
  }

  async function ensure(): Promise<void> {
    await settled;
    if (loss) throw loss;
    if (context.clock.now() - writtenMs > tooOldMs) return refreshOnce();
    await refreshing?.catch(() => {});
    const now = context.clock.now();
    if (now - seenMs <= trustedMs) return;
    if (!(await isLockThere(repository, id))) {
      lose(lockLost(lockRemoved()));
      throw loss;
    }
    seenMs = now;
  }

  let nextTry = writtenMs + refreshEveryMs;

  async function tick(): Promise<void> {
    const now = context.clock.now();
    if (loss || refreshing || now < nextTry) return;
    try {
      await settled;
      if (loss) return;
      await refreshOnce();
      nextTry = writtenMs + refreshEveryMs;
    } catch (error) {
      if (!loss) context.warn(`unable to refresh lock: ${messageOf(error)}`);
      nextTry = now + retryRefreshMs;
    }
  }

  const stopPolling = (options.poll ?? everySecond)(tick);
  const inner = withSignal(context, AbortSignal.any([context.signal, lost.signal]));
  try {
    const result = await work(inner, { repository: ensuredRepository(repository, ensure), ensure });
    if (loss) throw loss;
    return result;
  } catch (error) {
    throw loss ?? error;
  } finally {
    stopPolling();
    done.abort();
    await part(context, async (late) => {
      await orAborted(Promise.allSettled([settled, refreshing]), late);
      await removeLock(repository, id, late);
    });
  }
}

/** The work is done: whatever becomes of its lock is told, and not waited for without end. */
async function part(context: Context, unlock: (late: AbortSignal) => Promise<void>): Promise<void> {
  try {
    await beforeParting(unlock);
  } catch (error) {
    const left = hasCode(error, 'unreachable') ? '; `holdfast unlock` removes the lock that may be left' : '';
    context.warn(`error while unlocking: ${messageOf(error)}${left}`);
  }
}

/** The age is looked at so often that a machine that slept notices soon after waking. */
function everySecond(tick: () => Promise<void>): () => void {
  const timer = setInterval(() => void tick(), 1000);
  timer.unref();
  return () => clearInterval(timer);
}

async function acquirePatiently(
  repository: Repository,
  options: LockOptions,
  context: Context,
  host: LockHost,
): Promise<AcquiredLock> {
  const retryFor = options.retryFor ?? 0;
  const deadline = context.clock.now() + retryFor;
  let delay = firstRetryMs;
  for (let attempt = 0; ; attempt++) {
    try {
      const acquired = await acquireLock(repository, options.exclusive, context, host);
      if (!options.eager) await settleOrRemove(repository, acquired, context);
      return acquired;
    } catch (error) {
      if (options.forbiddenHint !== undefined && hasCode(error, 'forbidden')) {
        throw new HoldfastError('forbidden', error.message, { hint: options.forbiddenHint, cause: error });
      }
      const left = deadline - context.clock.now();
      if (!hasCode(error, 'locked') || left <= 0) throw error;
      if (attempt === 0) {
        options.onWait?.(
          `repository is already locked, waiting up to ${Math.ceil(retryFor / 1000)}s for the lock`,
        );
      }
      await context.clock.sleep(Math.min(delay, left), context.signal);
      delay = Math.min(delay * 2, longestRetryMs);
    }
  }
}

async function settleOrRemove(
  repository: Repository,
  acquired: AcquiredLock,
  context: Context,
): Promise<void> {
  try {
    await acquired.settle(context.signal);
  } catch (error) {
    await part(context, (late) => removeLock(repository, acquired.id, late));
    throw error;
  }
}

function lockRemoved(): HoldfastError {
  return new HoldfastError('locked', 'the lock file was removed in the meantime');
}

function lockLost(cause: unknown): HoldfastError {
  return new HoldfastError('failed', `the lock could not be kept: ${messageOf(cause)}`, {
    hint: 'nothing was committed after that; run the command again',
    cause,
  });
}
