/** Which snapshots of an archive replace each other with time: those of one source exactly, never of one with a similar name. */
import type { ArchiveSnapshot } from '../../vaults/archive/archive.ts';
import { variantOf } from '../../vaults/archive/layout/extension.ts';
import { tierOf } from '../../vaults/archive/layout/layout.ts';
import type { GroupBy, GroupKey } from '../snapshot-groups.ts';
import type { ArchivePolicy, RetentionSubject } from './retention.ts';

/**
 * Names tell a source, and manifests tell it better: two servers of one name have files that are called the same. What
 * has no manifest is then a group by itself.
 */
export function groupKeys(snapshots: readonly ArchiveSnapshot[]): (snapshot: ArchiveSnapshot) => string {
  const sources = new Map<string, Set<string>>();
  for (const { core, manifest } of snapshots) {
    if (!manifest) continue;
    const known = sources.get(core) ?? new Set();
    sources.set(core, known.add(manifest.source.paths.join('\0')));
  }
  return ({ core, manifest }) =>
    (sources.get(core)?.size ?? 0) <= 1 ? core : `${core} ${manifest?.source.paths.join('\0') ?? '?'}`;
}

/** In `flat` no folder tells which tier a snapshot is of: its time does. */
export function retentionSubject(
  snapshot: ArchiveSnapshot,
  key: string,
  policy: ArchivePolicy,
  zone: string | undefined,
): RetentionSubject {
  const { name, time, manifest, artefacts, layout } = snapshot;
  const isFlat = layout === 'flat' && policy.kind === 'tiers';
  const tier = isFlat ? tierOf(time, policy.counts, zone) : snapshot.tier;
  return {
    ...{ name, time, tier },
    tags: manifest?.tags ?? [],
    artefacts: artefacts.map(({ extension, size }) => ({
      ...{ extension, size },
      group: `${key} ${variantOf(extension)}`,
    })),
  };
}

export interface ArchiveGroup {
  /** of what has no manifest neither host nor paths are known */
  readonly key: GroupKey;
  readonly snapshots: readonly ArchiveSnapshot[];
}

/** The groups in the order of their first snapshots; one of everything without a wish. */
export function groupArchived(
  snapshots: readonly ArchiveSnapshot[],
  { host = false, paths = false, tags = false }: GroupBy,
): readonly ArchiveGroup[] {
  const keyOf = ({ manifest }: ArchiveSnapshot): GroupKey => ({
    hostname: host ? (manifest?.hostname ?? '') : '',
    paths: paths ? manifest?.source.paths.toSorted() : undefined,
    tags: tags && manifest && manifest.tags.length > 0 ? manifest.tags.toSorted() : undefined,
  });
  const groups = Map.groupBy(snapshots, (snapshot) => JSON.stringify(Object.values(keyOf(snapshot))));
  return [...groups.values()].map((members) => ({ key: keyOf(members[0]!), snapshots: members }));
}
