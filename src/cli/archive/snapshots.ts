/** `holdfast snapshots` of an archive. */
import { findArchiveSnapshots } from '../../operations/archive/find.ts';
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
}

export async function runArchiveSnapshots(
  invocation: Invocation,
  ids: readonly string[],
  flags: Options,
): Promise<void> {
  const { terminal, environment, context } = invocation;
  const filter = snapshotFilter(flags, environment, ids);
  const found = await withArchive(invocation, flags, (archive) =>
    findArchiveSnapshots(archive, { ...filter, ids }, context),
  );
  const latest = flags.latest ? parseCount(flags.latest, '--latest') : flags.last ? 1 : 0;
  const counts = new Map<string, number>();
  const shown = found.toReversed().filter(({ core }) => {
    const count = (counts.get(core) ?? 0) + 1;
    counts.set(core, count);
    return latest === 0 || count <= latest;
  });
  if (terminal.json) return terminal.emit(shown.toReversed().map(archiveSnapshotJson));
  if (shown.length === 0) return terminal.say('no snapshots');
  for (const line of archiveTable(shown)) terminal.result(line);
}
