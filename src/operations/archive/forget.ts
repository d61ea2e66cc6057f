/** Removes snapshots of an archive, by a retention policy or by name: the files, their manifests, and folders that are empty then. */
import type { Context } from '../../kernel/context.ts';
import { hasCode, throwIfAborted } from '../../kernel/errors.ts';
import type { Archive, ArchiveSnapshot } from '../../vaults/archive/archive.ts';
import { tierOf } from '../../vaults/archive/layout/layout.ts';
import { instantOf } from '../../vaults/archive/layout/wall-clock.ts';
import type { LostArtefact } from '../../vaults/archive/listing.ts';
import { listArchive } from '../../vaults/archive/listing.ts';
import { withArchiveLock } from '../../vaults/archive/lock.ts';
import { manifestName } from '../../vaults/archive/manifest.ts';
import { groupKeys, retentionSubject } from './groups.ts';
import { clearUnfinished } from './leftovers.ts';
import type { ArchivePolicy } from './retention.ts';
import { planRetention } from './retention.ts';

export interface ArchiveForgetOptions {
  readonly policy: ArchivePolicy;
  readonly minSizeRatio: number;
  /** nothing but what has this for `host-database` is looked at; all when undefined */
  readonly core?: string | undefined;
  /** those that are judged; the others stay */
  readonly chosen?: (snapshot: ArchiveSnapshot) => boolean;
  /** milliseconds since 1970 of a backup that is yet to be made, like the newest one: what would go after it */
  readonly coming?: number;
}

export interface ArchiveForgetPlan {
  /** newest first */
  readonly keep: readonly { readonly snapshot: ArchiveSnapshot; readonly reasons: readonly string[] }[];
  /** newest first */
  readonly remove: readonly ArchiveSnapshot[];
  /** why less is removed than the policy says, in sentences */
  readonly held: readonly string[];
  /** files of runs that were broken off more than a day ago */
  readonly unfinished: readonly string[];
  /** manifests that tell of nothing but files that are missing */
  readonly lost: readonly string[];
}

export interface ArchiveForgetResult {
  readonly removed: readonly ArchiveSnapshot[];
  /** those that the storage would not remove */
  readonly failed: readonly { readonly snapshot: ArchiveSnapshot; readonly error: unknown }[];
}

const day = 86_400_000;

export async function planArchiveForget(
  archive: Archive,
  { policy, minSizeRatio, core, chosen = () => true, coming }: ArchiveForgetOptions,
  context: Context,
): Promise<ArchiveForgetPlan> {
  const { signal, clock } = context;
  const listing = await listArchive(archive, { signal, core, warn: (message) => context.warn(message) });
  const keyOf = groupKeys(listing.snapshots);
  const chosenOnes = listing.snapshots.filter(chosen);
  const like = chosenOnes.at(-1);
  const next =
    coming === undefined || like === undefined || like.layout === 'latest'
      ? undefined
      : {
          ...{ ...like, name: 'the next one', time: coming },
          tier: policy.kind === 'tiers' ? tierOf(coming, policy.counts, archive.zone) : undefined,
        };
  const judged = next ? [...chosenOnes, next] : chosenOnes;
  const bySubject = new Map(
    judged.map((snapshot) => [retentionSubject(snapshot, keyOf(snapshot), policy, archive.zone), snapshot]),
  );
  const now = clock.now();
  const plan = planRetention([...bySubject.keys()], policy, { now, zone: archive.zone, minSizeRatio });
  return {
    keep: plan.keep
      .map(({ subject, reasons }) => ({ snapshot: bySubject.get(subject)!, reasons }))
      .filter(({ snapshot }) => snapshot !== next),
    remove: plan.remove.map((subject) => bySubject.get(subject)!),
    held: plan.held,
    unfinished: plan.held.length > 0 ? [] : listing.unfinished.filter((name) => isOld(name, now)),
    lost: idleManifests(listing.lost),
  };
}

/**
 * Removes what the plan says; what cannot be removed does not keep the rest, and what somebody else writes meanwhile stays.
 * @param held the `host-database` whose lock the caller has already
 */
export async function performArchiveForget(
  archive: Archive,
  plan: Pick<ArchiveForgetPlan, 'remove' | 'unfinished'>,
  context: Context,
  held?: string,
): Promise<ArchiveForgetResult> {
  const { storage } = archive;
  const { signal } = context;
  const removed: ArchiveSnapshot[] = [];
  const failed: { snapshot: ArchiveSnapshot; error: unknown }[] = [];
  const folders = new Set<string>();
  const remove = async (name: string): Promise<void> => {
    await storage.remove(name, { signal });
    folders.add(name.slice(0, name.lastIndexOf('/') + 1));
  };
  const unfinished = Map.groupBy(plan.unfinished, coreOfUnfinished);
  const snapshots = Map.groupBy(plan.remove, ({ core }) => core);
  for (const core of new Set([...snapshots.keys(), ...unfinished.keys()])) {
    const own = snapshots.get(core) ?? [];
    const work = async (): Promise<void> => {
      for (const snapshot of own) await removeOne(snapshot);
      await removeUnfinished(unfinished.get(core) ?? []);
    };
    try {
      await (core === held || core === '' ? work() : withArchiveLock(archive, core, context, work));
    } catch (error) {
      if (!hasCode(error, 'locked')) throw error;
      failed.push(...own.map((snapshot) => ({ snapshot, error })));
    }
  }
  for (const folder of folders) if (folder !== '') await storage.removeEmptyFolder?.(folder, { signal });
  return { removed, failed };

  /** What tells that it is not finished comes last in each folder. */
  async function removeUnfinished(names: readonly string[]): Promise<void> {
    const runs = Map.groupBy(names, (name) =>
      coreOfUnfinished(name) === '' ? '' : name.slice(0, name.indexOf('/') + 1),
    );
    for (const [folder, files] of runs) {
      if (folder !== '' && !(await clearUnfinished(archive, folder, context))) continue;
      for (const name of files) await remove(name);
    }
  }

  async function removeOne(snapshot: ArchiveSnapshot): Promise<void> {
    throwIfAborted(signal);
    try {
      for (const name of namesOf(snapshot)) await remove(name);
      removed.push(snapshot);
    } catch (error) {
      if (hasCode(error, 'interrupted')) throw error;
      failed.push({ snapshot, error });
    }
  }
}

/** Empty for what is no run of `dated`: a manifest that tells of nothing. */
function coreOfUnfinished(name: string): string {
  return /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\dZ_([^/]+)\//.exec(name)?.[1] ?? '';
}

/** Manifests go first: what is left after an interruption is found again, and nothing tells of what is gone. */
function namesOf({ layout, artefacts }: ArchiveSnapshot): string[] {
  const names = artefacts.map(({ name }) => name);
  const manifests = artefacts.flatMap((artefact) => artefact.manifestName ?? []);
  return layout === 'dated' ? [manifestName(layout, names[0]!), ...names] : [...manifests, ...names];
}

function idleManifests(lost: readonly LostArtefact[]): string[] {
  const names = new Set(lost.map(({ name }) => name));
  const idle = lost.filter(({ manifest }) => manifest.artefacts.every(({ name }) => names.has(name)));
  return [...new Set(idle.map(({ manifestName }) => manifestName))];
}

function isOld(name: string, now: number): boolean {
  const [, date, clock] = /^(\d{4}-\d\d-\d\d)_(\d\d-\d\d-\d\d)Z_/.exec(name) ?? [];
  const time = date === undefined ? undefined : instantOf(date, clock!, 'UTC');
  return time !== undefined && time < now - day;
}
