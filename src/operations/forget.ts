/** Removes snapshots, by a retention policy or by name; the data they alone need goes with the next prune. */
import type { Context } from '../kernel/context.ts';
import { hasCode, HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { parseTime } from '../vaults/repository/format/time.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import {
  findSnapshots,
  passOver,
  isEmptyFilter,
  type SnapshotFilter,
} from '../vaults/repository/snapshot-filter.ts';
import { assertMayRemove } from './may-remove.ts';
import { applyPolicy, isEmptyPolicy, validatePolicy, type ForgetPolicy } from './forget-policy.ts';
import { groupSnapshots, type GroupBy, type GroupKey } from './snapshot-groups.ts';

export interface ForgetOptions {
  /** with `ids` these snapshots go, whatever the policy says */
  readonly filter: SnapshotFilter;
  readonly policy: ForgetPolicy;
  /** default host and paths */
  readonly groupBy?: GroupBy;
  /** with an empty policy and a filter: remove all snapshots that the filter fits */
  readonly unsafeAllowRemoveAll?: boolean;
}

export interface ForgetGroup {
  readonly key: GroupKey;
  /** newest first */
  readonly keep: readonly { readonly entry: SnapshotEntry; readonly matches: readonly string[] }[];
  /** newest first */
  readonly remove: readonly SnapshotEntry[];
}

export interface ForgetPlan {
  /** none when the snapshots were named */
  readonly groups: readonly ForgetGroup[];
  /** ids of all snapshots to remove */
  readonly remove: readonly string[];
}

export interface ForgetResult {
  readonly removed: readonly string[];
  /** those that the storage would not remove */
  readonly failed: readonly { readonly id: string; readonly error: unknown }[];
}

/**
 * Decides which snapshots go. Needs an exclusive lock. Code `usage` for a policy that is empty without
 * `unsafeAllowRemoveAll`; code `failed` when the policy would keep nothing of a group.
 */
export async function planForget(
  repository: Repository,
  options: ForgetOptions,
  context: Context,
): Promise<ForgetPlan> {
  const { filter, policy, groupBy = { host: true, paths: true } } = options;
  validatePolicy(policy);
  const entries = await findSnapshots(repository, filter, passOver(context));
  if (filter.ids && filter.ids.length > 0) return { groups: [], remove: entries.map(({ id }) => id) };

  const removeAll = isEmptyPolicy(policy);
  if (removeAll) refuseToRemoveAll(options);
  const groups = groupSnapshots(entries, groupBy).map(({ key, snapshots }): ForgetGroup => {
    const subjects = snapshots.map((entry) => ({
      entry,
      time: parseTime(entry.snapshot.time),
      tags: entry.snapshot.tags,
    }));
    const { keep, remove } = applyPolicy(subjects, policy, context.clock.now());
    if (!removeAll && keep.length === 0) {
      throw new HoldfastError(
        'failed',
        `refusing to delete last snapshot of snapshot group "${groupText(key)}"`,
        {
          hint: 'widen the policy so that it keeps something of every group',
        },
      );
    }
    return {
      key,
      keep: keep.map(({ snapshot, matches }) => ({ entry: snapshot.entry, matches })),
      remove: remove.map(({ entry }) => entry),
    };
  });
  return { groups, remove: groups.flatMap((group) => group.remove.map(({ id }) => id)) };
}

/**
 * Removes the snapshots of the plan; one that cannot be removed does not keep the others. Code `forbidden` on a storage
 * that only appends.
 */
export async function performForget(
  repository: Repository,
  plan: ForgetPlan,
  context: Context,
): Promise<ForgetResult> {
  if (plan.remove.length > 0) await assertMayRemove(repository, context);
  const removed: string[] = [];
  const failed: { id: string; error: unknown }[] = [];
  for (const id of plan.remove) {
    throwIfAborted(context.signal);
    try {
      await repository.removeFile('snapshot', id);
      removed.push(id);
    } catch (error) {
      if (hasCode(error, 'interrupted')) throw error;
      failed.push({ id, error });
    }
  }
  return { removed, failed };
}

function refuseToRemoveAll({ filter, unsafeAllowRemoveAll }: ForgetOptions): void {
  if (!unsafeAllowRemoveAll) {
    throw new HoldfastError('usage', 'no policy was specified, no snapshots will be removed', {
      hint: 'say what to keep, for instance --keep-daily 7',
    });
  }
  if (isEmptyFilter(filter)) {
    throw new HoldfastError(
      'usage',
      '--unsafe-allow-remove-all is not allowed unless a snapshot filter option is specified',
    );
  }
}

function groupText({ hostname, paths, tags }: GroupKey): string {
  const parts: string[] = [];
  if (hostname !== '') parts.push(`host ${hostname}`);
  if (paths) parts.push(`path [${paths.join(' ')}]`);
  if (tags) parts.push(`tags [${tags.join(' ')}]`);
  return parts.join(', ');
}
