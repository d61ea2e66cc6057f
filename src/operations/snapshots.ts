/** The snapshots of a repository, filtered and grouped, oldest first in each group. */
import type { Context } from '../kernel/context.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import { findSnapshots, passOver, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { groupSnapshots, isGrouping, type GroupBy, type SnapshotGroup } from './snapshot-groups.ts';

export interface SnapshotsOptions {
  readonly filter: SnapshotFilter;
  readonly groupBy?: GroupBy;
  /** only so many of the newest: of each group, or without groups of each host and set of paths */
  readonly latest?: number;
}

export interface SnapshotsResult {
  /** false: there is one group of all (or none when there is no snapshot) */
  readonly grouped: boolean;
  readonly groups: readonly SnapshotGroup[];
}

/** Codes as findSnapshots. */
export async function listSnapshots(
  repository: Repository,
  { filter, groupBy = {}, latest = 0 }: SnapshotsOptions,
  context: Context,
): Promise<SnapshotsResult> {
  const entries = await findSnapshots(repository, filter, passOver(context));
  throwIfAborted(context.signal);
  const grouped = isGrouping(groupBy);
  const groups = groupSnapshots(entries, groupBy).map(({ key, snapshots }) => ({
    key,
    snapshots:
      latest === 0 ? snapshots : grouped ? snapshots.slice(-latest) : latestOfEach(snapshots, latest),
  }));
  return { grouped, groups };
}

function latestOfEach(snapshots: readonly SnapshotEntry[], latest: number): SnapshotEntry[] {
  const seen = new Map<string, number>();
  const kept = snapshots.toReversed().filter(({ snapshot }) => {
    const key = JSON.stringify([snapshot.hostname, snapshot.paths]);
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count <= latest;
  });
  return kept.reverse();
}
