/** How snapshots are shown: restic's table, a line each, and JSON. */
import type { GroupKey, SnapshotGroup } from '../../operations/snapshot-groups.ts';
import { snapshotToJson } from '../../vaults/repository/format/snapshot.ts';
import type { Snapshot } from '../../vaults/repository/format/snapshot.ts';
import type { SnapshotEntry } from '../../vaults/repository/repository.ts';
import { formatBytes, formatLocalTime } from './format.ts';
import { formatTable } from './table.ts';

export interface SnapshotTableOptions {
  readonly compact?: boolean;
  /** why each is kept, by id */
  readonly reasons?: ReadonlyMap<string, readonly string[]>;
}

/** The 8 digits by which people call an id. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** The table's lines, oldest first. */
export function snapshotTable(
  entries: readonly SnapshotEntry[],
  { compact = false, reasons }: SnapshotTableOptions = {},
): string[] {
  const sorted = entries.toSorted((a, b) => a.snapshot.timeMs - b.snapshot.timeMs);
  const sized = sorted.some(({ snapshot }) => snapshot.summary !== undefined);
  const header = compact
    ? ['ID', 'Time', 'Host', 'Tags  ']
    : ['ID', 'Time', 'Host      ', 'Tags      ', ...(reasons ? ['Reasons'] : []), 'Paths'];
  const rows = sorted.map(({ id, snapshot }) => {
    const cells = [shortId(id), formatLocalTime(snapshot.timeMs), snapshot.hostname];
    if (compact) cells.push(snapshot.tags.join('\n'));
    else {
      cells.push(snapshot.tags.join(','));
      if (reasons) cells.push((reasons.get(id) ?? []).join('\n'));
      cells.push(snapshot.paths.join('\n'));
    }
    if (sized) cells.push(snapshot.summary ? formatBytes(snapshot.summary.totalBytesProcessed) : '');
    return cells;
  });
  return formatTable({
    header: sized ? [...header, 'Size'] : header,
    rows,
    spaced: !compact && sorted.some(({ snapshot }) => snapshot.paths.length > 1),
    footer: [`Timestamps shown in ${zoneName()}`, `${sorted.length} snapshots`],
  });
}

/** "snapshot 12345678 of [/home] at 2024-05-06 07:08:09 by user@host" */
export function snapshotLine({ id, snapshot }: SnapshotEntry): string {
  const who = `${snapshot.username}@${snapshot.hostname}`;
  return `snapshot ${shortId(id)} of [${snapshot.paths.join(' ')}] at ${snapshot.time} by ${who}`;
}

/** "snapshots for (host [a], paths [/home]):"; undefined for the group of everything. */
export function groupHeader({ hostname, paths, tags }: GroupKey): string | undefined {
  const parts: string[] = [];
  if (hostname !== '') parts.push(`host [${hostname}]`);
  if (tags) parts.push(`tags [${tags.join(', ')}]`);
  if (paths) parts.push(`paths [${paths.join(', ')}]`);
  return parts.length === 0 ? undefined : `snapshots for (${parts.join(', ')}):`;
}

/** restic's object: the snapshot file's members, `id` and `short_id`. */
export function snapshotJson({ id, snapshot }: SnapshotEntry): Record<string, unknown> {
  return { ...snapshotToJson(snapshot satisfies Snapshot), id, short_id: shortId(id) };
}

/** restic's object of a group. */
export function groupJson({ key, snapshots }: SnapshotGroup): Record<string, unknown> {
  return {
    group_key: { hostname: key.hostname, paths: key.paths ?? null, tags: key.tags ?? null },
    snapshots: snapshots.map(snapshotJson),
  };
}

/** As restic names it: TZ when it is set. Asking Intl would take longer than all the rest. */
function zoneName(): string {
  return process.env['TZ'] || 'local time';
}
