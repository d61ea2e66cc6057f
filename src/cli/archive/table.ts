/** How snapshots of archives are shown: a table, and JSON with the members that those of repositories have. */
import type { ArchiveSnapshot } from '../../vaults/archive/archive.ts';
import { formatBytes, formatLocalTime } from '../output/format.ts';
import { shortId } from '../output/snapshots.ts';
import { formatTable } from '../output/table.ts';

/** The table's lines, oldest first. */
export function archiveTable(
  snapshots: readonly ArchiveSnapshot[],
  reasons?: ReadonlyMap<ArchiveSnapshot, readonly string[]>,
  {
    compact = false,
    name = ({ core }: ArchiveSnapshot) => core,
  }: { readonly compact?: boolean; readonly name?: (snapshot: ArchiveSnapshot) => string } = {},
): string[] {
  const sorted = snapshots.toSorted((a, b) => a.time - b.time);
  const tiered = !compact && sorted.some(({ tier }) => tier !== undefined);
  const tagged = !compact && sorted.some(({ manifest }) => (manifest?.tags.length ?? 0) > 0);
  const versioned = sorted.some(({ older }) => older !== undefined);
  return formatTable({
    header: [
      ...['ID', 'Time', 'Name'],
      ...(versioned ? ['Version'] : []),
      ...(tiered ? ['Tier'] : []),
      ...(tagged ? ['Tags'] : []),
      ...(reasons ? ['Reasons'] : []),
      ...(compact ? [] : ['Files']),
      'Size',
    ],
    rows: sorted.map((snapshot) => [
      ...[shortId(snapshot.id), formatLocalTime(snapshot.time), name(snapshot)],
      ...(versioned ? [describeVersion(snapshot)] : []),
      ...(tiered ? [snapshot.tier ?? ''] : []),
      ...(tagged ? [snapshot.manifest?.tags.join(',') ?? ''] : []),
      ...(reasons ? [(reasons.get(snapshot) ?? []).join('\n')] : []),
      ...(compact ? [] : [snapshot.artefacts.map(({ extension }) => extension).join(' ')]),
      formatBytes(snapshot.artefacts.reduce((sum, { size }) => sum + size, 0)),
    ]),
    footer: [`${sorted.length} snapshots`],
  });
}

/** A delete marker stands before all versions of its file. */
function describeVersion({ older }: ArchiveSnapshot): string {
  if (!older) return 'current';
  return older.deleted === undefined ? 'older' : `older, deleted ${formatLocalTime(older.deleted)}`;
}

export function archiveSnapshotJson(snapshot: ArchiveSnapshot): Record<string, unknown> {
  const { id, name, layout, tier, time, manifest, artefacts, older } = snapshot;
  return {
    time: new Date(time).toISOString(),
    ...(manifest && {
      hostname: manifest.hostname,
      paths: manifest.source.paths,
      tags: manifest.tags,
      program_version: manifest.program,
    }),
    ...{ id, short_id: shortId(id), name, layout },
    ...(tier && { tier }),
    ...(older && { older: true }),
    ...(older?.deleted !== undefined && { deleted: new Date(older.deleted).toISOString() }),
    artefacts: artefacts.map(({ name, size, known, version }) => ({
      ...{ name, size },
      ...(version !== undefined && { version_id: version }),
      ...(known && {
        sha256: known.stored.sha256,
        plain_size: known.plain.size,
        plain_sha256: known.plain.sha256,
      }),
    })),
  };
}
