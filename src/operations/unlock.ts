/** Removes locks whose holders are gone, or all of them. */
import type { Context } from '../kernel/context.ts';
import { hasCode } from '../kernel/errors.ts';
import { listLocks } from '../vaults/repository/lock-acquire.ts';
import type { LockHost } from '../vaults/repository/lock-holder.ts';
import { isStale, thisHost } from '../vaults/repository/lock-holder.ts';
import type { Repository } from '../vaults/repository/repository.ts';

export interface UnlockOptions {
  /** also locks that somebody may hold, and files that are no locks at all */
  readonly all?: boolean;
  /** who we are; the system's answer unless a test says otherwise */
  readonly host?: LockHost;
}

/** Resolves to the number of locks that were removed. */
export async function unlock(
  repository: Repository,
  options: UnlockOptions,
  context: Context,
): Promise<number> {
  let removed = 0;
  if (options.all) {
    for await (const { id } of repository.list('lock')) {
      await repository.removeFile('lock', id);
      removed++;
    }
    return removed;
  }
  for (const { id, lock, error } of await listLocks(repository, context.signal)) {
    // What cannot be read may be somebody's: only --remove-all takes it away.
    if (!lock) {
      if (!hasCode(error, 'corrupt')) throw error;
    } else if (isStale(id, lock, context.clock.now(), options.host ?? thisHost)) {
      await repository.removeFile('lock', id);
      removed++;
    }
  }
  return removed;
}
