/** `holdfast snapshots` of an archive. */
import { findArchiveSnapshots } from '../../operations/archive/find.ts';
import { groupArchived, groupKeys } from '../../operations/archive/groups.ts';
import { isGrouping, parseGroupBy } from '../../operations/snapshot-groups.ts';
import type { ArchiveSnapshot } from '../../vaults/archive/archive.ts';
import { groupHeader } from '../output/snapshots.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation } from '../verb.ts';
import { parseCount } from '../values.ts';
import { withArchive } from './open.ts';
import { archiveSnapshotJson, archiveTable } from './table.ts';

interface Options extends SnapshotFlags, ArchiveFlags {
  compact?: boolean;
  last?: boolean;
  latest?: string;
  groupBy?: string;
}

export async function runArchiveSnapshots(
  invocation: Invocation,
  ids: readonly string[],
  flags: Options,
): Promise<void> {
  const { terminal, environment, context } = invocation;
  const filter = snapshotFilter(flags, environment, ids);
  const found = await withArchive(invocation, flags, (archive) =>
    findArchiveSnapshots(archive, { ...filter, ids }, context, 'all'),
  );
  const latest = flags.latest ? parseCount(flags.latest, '--latest') : flags.last ? 1 : 0;
  const keyOf = groupKeys(found);
  const counts = new Map<string, number>();
  const shown = found
    .toReversed()
    .filter((snapshot) => {
      const key = keyOf(snapshot);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return latest === 0 || count <= latest;
    })
    .toReversed();
  const grouping = parseGroupBy(flags.groupBy ?? '');
  const groups = groupArchived(shown, grouping);
  if (terminal.json) {
    if (!isGrouping(grouping)) return terminal.emit(shown.map(archiveSnapshotJson));
    return terminal.emit(
      groups.map(({ key: { hostname, paths = null, tags = null }, snapshots }) => ({
        group_key: { hostname, paths, tags },
        snapshots: snapshots.map(archiveSnapshotJson),
      })),
    );
  }
  if (shown.length === 0) return terminal.say('no snapshots');
  const shared = new Set(found.filter((one) => keyOf(one) !== one.core).map(({ core }) => core));
  // several sources have this name: manifests know which one it is
  const name = ({ core, manifest }: ArchiveSnapshot): string =>
    shared.has(core) ? `${core} (${manifest?.source.paths.join(' ') ?? 'source unknown'})` : core;
  for (const { key, snapshots } of groups) {
    const header = groupHeader(key);
    if (header !== undefined) terminal.result(header);
    for (const line of archiveTable(snapshots, undefined, { compact: flags.compact ?? false, name }))
      terminal.result(line);
  }
}
