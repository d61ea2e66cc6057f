/** Which snapshots of an archive replace each other with time: those of one source exactly, never of one with a similar name. */
import type { ArchiveSnapshot } from '../../vaults/archive/archive.ts';
import { variantOf } from '../../vaults/archive/layout/extension.ts';
import { tierOf } from '../../vaults/archive/layout/layout.ts';
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
