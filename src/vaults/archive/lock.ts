/**
 * Who writes what has a name in an archive, or removes it, does so alone: a small file says who, and since when. Each
 * writes one of its own and then looks for others, which asks nothing of a storage but to list what was written.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { orAborted } from '../../kernel/or-aborted.ts';
import { beforeParting } from '../../kernel/parting.ts';
import { hasEnded, isRunning, processMark } from '../../kernel/process-mark.ts';
import type { StoredObject } from '../../storage/storage.ts';
import type { Archive } from './archive.ts';
import { ownFolder } from './manifest.ts';

/** Who holds it; refreshed, so that of others nothing but the time need be believed. */
interface Holder {
  readonly pid: number;
  /** by which the process is known again; absent where systems do not tell */
  readonly mark?: string;
  readonly hostname: string;
  /** ISO 8601 */
  readonly since: string;
  /** ISO 8601: when it was last seen to be alive */
  readonly time: string;
}

export interface HeldArchive {
  /** Makes sure that nobody took it for abandoned. Code `locked`. */
  ensure(): Promise<void>;
}

export interface ArchiveLockOptions {
  /** calls `tick` again and again until the returned function is called; a timer unless a test drives it */
  readonly poll?: (tick: () => Promise<void>) => () => void;
}

const lockFolder = `${ownFolder}locks/`;
const refreshEveryMs = 5 * 60_000;
/** As of repositories: a lock that nobody refreshed for so long has no holder any more. */
const staleAfterMs = 30 * 60_000;
/** Others may be removing a few files: nobody fails for that. */
const shortestWaitMs = 5_000;

/**
 * Does work while nobody else does any on what has this for `host-database`. Code `locked` when somebody does for longer
 * than the archive's patience, or took the lock away meanwhile.
 */
export async function withArchiveLock<T>(
  archive: Archive,
  core: string,
  context: Context,
  work: (held: HeldArchive) => Promise<T>,
  { poll = everyInterval }: ArchiveLockOptions = {},
): Promise<T> {
  const { storage } = archive;
  const { clock, signal } = context;
  const hash = createHash('sha256').update(core).digest('hex').slice(0, 32);
  const own = `${lockFolder}${hash}-${randomBytes(8).toString('hex')}.json`;
  const since = clock.now();
  let isWritten = false;
  let refreshing = Promise.resolve();
  isWritten = await acquire();
  const stop = poll(() => {
    // one that cannot be refreshed goes stale, which `ensure` sees
    if (isWritten) refreshing = write().catch(() => {});
    return refreshing;
  });
  try {
    return await work({
      async ensure() {
        if (isWritten && !(await ownIsThere())) throw lost();
      },
    });
  } finally {
    stop();
    if (isWritten) await release();
  }

  /** False where nothing may be written: who looked and removes is better than one who cannot. */
  async function acquire(): Promise<boolean> {
    const deadline = since + Math.max(archive.retryLock ?? 0, shortestWaitMs);
    for (;;) {
      let other = await findOther();
      if (!other) {
        try {
          await write();
        } catch (error) {
          if (hasCode(error, 'forbidden')) return false;
          throw error;
        }
        try {
          other = await findOther();
        } catch (error) {
          await release();
          throw error;
        }
        if (!other) return true;
        await release();
      }
      const left = deadline - clock.now();
      if (left <= 0) throw heldBy(other);
      // two that saw each other must not meet again
      await clock.sleep(Math.min(left, randomInt(100, 1000)), signal);
    }
  }

  async function write(): Promise<void> {
    const mark = processMark(process.pid);
    const holder: Holder = {
      ...{ pid: process.pid, ...(mark !== undefined && { mark }), hostname: hostname() },
      ...{ since: new Date(since).toISOString(), time: new Date(clock.now()).toISOString() },
    };
    await storage.write(own, Buffer.from(`${JSON.stringify(holder)}\n`), { signal });
  }

  /** Who may write and not remove leaves an empty one, which binds nobody. */
  async function release(): Promise<void> {
    isWritten = false;
    try {
      await beforeParting((late) => orAborted(remove({ signal: late }), late));
    } catch (error) {
      context.warn(`${own} could not be removed, and binds others for a while: ${messageOf(error)}`);
    }
  }

  async function remove(options: { signal: AbortSignal }): Promise<void> {
    // one on its way would come after the removal, and bind others
    await refreshing;
    try {
      await storage.remove(own, options);
    } catch (error) {
      if (!hasCode(error, 'forbidden')) throw error;
      await storage.write(own, new Uint8Array(0), options).catch(() => {});
    }
  }

  async function ownIsThere(): Promise<boolean> {
    for await (const { name, size } of storage.list(own, { signal })) if (name === own) return size > 0;
    return false;
  }

  /** Somebody who may be alive. What binds nobody is removed. */
  async function findOther(): Promise<Partial<Holder> | undefined> {
    for (const object of await Array.fromAsync(storage.list(`${lockFolder}${hash}-`, { signal }))) {
      if (object.name === own || object.size === 0) continue;
      const holder = await read(object);
      if (holder && !isGone(holder, clock.now())) return holder;
      if (holder) await storage.remove(object.name, { signal }).catch(() => {});
    }
    return undefined;
  }

  /** Undefined when it has vanished. Of one that may not be read, or makes no sense, the storage's time is all there is. */
  async function read({ name, modified }: StoredObject): Promise<Partial<Holder> | undefined> {
    const time = new Date(modified ?? 0).toISOString();
    try {
      const found = JSON.parse(Buffer.from(await storage.read(name, { signal })).toString()) as unknown;
      return isHolder(found) ? found : { time };
    } catch (error) {
      if (hasCode(error, 'not-found')) return undefined;
      if (error instanceof SyntaxError || hasCode(error, 'forbidden', 'truncated', 'corrupt'))
        return { time };
      throw error;
    }
  }

  function heldBy({ pid, hostname: host, since: start }: Partial<Holder>): HoldfastError {
    const where = host === hostname() ? '' : ` on ${host}`;
    const who = pid === undefined ? 'somebody else' : `process ${pid}${where} since ${start}`;
    return new HoldfastError('locked', `${core} in ${storage.location} is being worked on by ${who}`, {
      hint: `let it finish, or wait for it with --retry-lock; what a process that is gone left in ${lockFolder} counts for nothing after ${staleAfterMs / 60_000} minutes`,
    });
  }

  function lost(): HoldfastError {
    return new HoldfastError('locked', `somebody else has taken over ${core} in ${storage.location}`, {
      hint: 'this process stood still for so long that it was taken for gone',
    });
  }
}

function isHolder(value: unknown): value is Holder {
  const { pid, hostname: host, since, time } = (value ?? {}) as Partial<Holder>;
  return [host, since, time].every((one) => typeof one === 'string') && typeof pid === 'number';
}

function isGone({ pid, mark, hostname: host, time }: Partial<Holder>, now: number): boolean {
  const age = now - Date.parse(time ?? '');
  // a time that is none, and one of the future, are no life for ever
  if (!(Math.abs(age) < staleAfterMs)) return true;
  if (pid === undefined) return false;
  return (mark !== undefined && hasEnded(pid, mark)) || (host === hostname() && !isRunning(pid));
}

function everyInterval(tick: () => Promise<void>): () => void {
  const timer = setInterval(() => void tick(), refreshEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
