/** Taking a lock: look, write, wait, look again. Two who write at the same time both see the other and step back. */
import type { Context } from '../../kernel/context.ts';
import { withSignal } from '../../kernel/context.ts';
import { hasCode, HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { orAborted } from '../../kernel/or-aborted.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import { fileName, folderOf, idOfName, shortId } from './files.ts';
import type { LockFile } from './format/lock.ts';
import { decodeLock, encodeLock } from './format/lock.ts';
import { formatTime, timeFromMs } from './format/time.ts';
import type { LockHost } from './lock-holder.ts';
import { describeLock, isAbandoned, isStale, ownLocks } from './lock-holder.ts';
import type { Repository } from './repository.ts';
import { damagedFile, readChecked, unsealFile } from './sealed-file.ts';

/** Between writing a lock and looking for others, so that a storage which lists late shows them. */
export const settleMs = 200;
/** A lock that cannot be read may be on its way; looked at again after so long each. */
const unreadableDelaysMs = [1000, 4000, 10_000];

export interface ListedLock {
  readonly id: string;
  /** undefined when it cannot be read */
  readonly lock?: LockFile;
  readonly error?: unknown;
}

/** All locks. Empty files (interrupted uploads of some servers) and locks that vanish meanwhile are passed over. */
export async function listLocks(repository: Repository, signal?: AbortSignal): Promise<ListedLock[]> {
  const { storage, key, config } = repository;
  const options = signal ? { signal } : {};
  const ids: string[] = [];
  for await (const { name, size } of storage.list(folderOf('lock'), options)) {
    const id = idOfName(name);
    if (id !== undefined && size > 0) ids.push(id);
  }
  const read = async (id: string): Promise<ListedLock> => {
    try {
      const sealed = await readChecked(storage, 'lock', id, signal);
      const json = unsealFile({ key, version: config.version }, 'lock', id, sealed);
      return { id, lock: decodeLock(json) };
    } catch (error) {
      if (hasCode(error, 'interrupted')) throw error;
      return { id, error };
    }
  };
  const locks: ListedLock[] = [];
  for await (const lock of mapParallel(ids, 8, read)) {
    if (!hasCode(lock.error, 'not-found')) locks.push(lock);
  }
  return locks;
}

/** Writes a lock of this process; resolves to its id and the time it states. */
export async function writeLock(
  repository: Repository,
  exclusive: boolean,
  host: LockHost,
  now: number,
): Promise<string> {
  const { hostname, username, pid, uid, gid, mark } = host;
  const json = encodeLock({
    time: formatTime(timeFromMs(now)),
    exclusive,
    hostname,
    username,
    pid,
    uid,
    gid,
    mark,
  });
  const id = await repository.writeFile('lock', json);
  ownLocks.add(id);
  return id;
}

/** Removes a lock of this process, even when the work was interrupted; `patience` is the end of trying. */
export async function removeLock(repository: Repository, id: string, patience?: AbortSignal): Promise<void> {
  try {
    const options = patience ? { signal: patience } : {};
    await orAborted(repository.storage.remove(fileName('lock', id), options), patience);
  } finally {
    ownLocks.drop(id);
  }
}

export interface AcquiredLock {
  readonly id: string;
  readonly writtenMs: number;
  /**
   * Looks again when others have had the time to appear; resolves when nobody has. Code `locked` otherwise. The lock
   * stays until `removeLock` in either case.
   */
  settle(signal: AbortSignal): Promise<void>;
}

/**
 * One try. Code `locked` when somebody who may be alive holds the repository; locks that bind nobody are removed and
 * stand in nobody's way.
 */
export async function acquireLock(
  repository: Repository,
  exclusive: boolean,
  context: Context,
  host: LockHost,
): Promise<AcquiredLock> {
  await refuseOthers(repository, exclusive, undefined, context, host);
  const writtenMs = context.clock.now();
  const id = await writeLock(repository, exclusive, host, writtenMs);
  return {
    id,
    writtenMs,
    async settle(signal) {
      await context.clock.sleep(settleMs, signal);
      await refuseOthers(repository, exclusive, id, withSignal(context, signal), host);
    },
  };
}

/** Whether a lock file is still there. */
export async function isLockThere(repository: Repository, id: string): Promise<boolean> {
  for await (const { name } of repository.storage.list(folderOf('lock'))) {
    if (name === fileName('lock', id)) return true;
  }
  return false;
}

async function refuseOthers(
  repository: Repository,
  exclusive: boolean,
  own: string | undefined,
  context: Context,
  host: LockHost,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    throwIfAborted(context.signal);
    let unreadable: ListedLock | undefined;
    for (const listed of await listLocks(repository, context.signal)) {
      const { id, lock } = listed;
      if (id === own) continue;
      if (!lock) {
        unreadable = listed;
      } else if (exclusive || lock.exclusive) {
        const now = context.clock.now();
        if (!isAbandoned(id, lock, now, host)) throw alreadyLocked(id, lock, now, host);
        await removeStale(repository, id, lock, context);
      }
    }
    if (!unreadable) return;
    const delay = unreadableDelaysMs[attempt];
    if (delay === undefined) throw invalidLock(unreadable);
    await context.clock.sleep(delay, context.signal);
  }
}

async function removeStale(
  repository: Repository,
  id: string,
  lock: LockFile,
  context: Context,
): Promise<void> {
  context.warn(`removing the stale lock of ${describeLock(id, lock, context.clock.now())}`);
  try {
    await repository.storage.remove(fileName('lock', id), { signal: context.signal });
  } catch (error) {
    if (hasCode(error, 'interrupted')) throw error;
    // Nobody is behind it, whether it can be removed (append-only storage) or not.
    context.warn(`the stale lock ${shortId(id)} could not be removed: ${messageOf(error)}`);
  }
}

function alreadyLocked(id: string, lock: LockFile, now: number, host: LockHost): HoldfastError {
  const how = lock.exclusive ? 'exclusively ' : '';
  return new HoldfastError('locked', `repository is already locked ${how}by ${describeLock(id, lock, now)}`, {
    hint: isStale(id, lock, now, host)
      ? `no such process runs here: if ${lock.hostname} is the name of no other machine or container, \`holdfast unlock\` removes its lock`
      : 'wait for it, give --retry-lock, or use the `unlock` command to remove stale locks',
    retryable: true,
  });
}

function invalidLock({ id, error }: ListedLock): HoldfastError {
  if (!hasCode(error, 'corrupt')) {
    return damagedFile('lock', id, `it cannot be read: ${messageOf(error)}`, error);
  }
  return new HoldfastError('corrupt', `invalid lock file: ${error.message}`, {
    hint: 'make sure that nobody uses the repository, and remove it with `holdfast unlock --remove-all`',
    cause: error,
  });
}
