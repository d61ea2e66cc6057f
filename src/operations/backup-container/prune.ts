/** Which backups of a database have had their time, and their removal: in the folder and among its copies alike. */
import { dirname } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import { type Tier, tierOf } from '../../vaults/archive/layout/layout.ts';
import { type ArchivePolicy, planRetention } from '../archive/retention.ts';
import { type BackupPlace, listBackups, listUnfinished, type StoredBackup } from './stored-backups.ts';

/** `rolling`: daily, weekly on Sundays, monthly on last days of months. `daily`: as many as `newest` says. */
export interface BackupStrategy {
  readonly kind: 'rolling' | 'daily';
  readonly counts: Readonly<Record<Tier, number>>;
  readonly newest: number;
}

export interface PruneRules {
  readonly strategy: BackupStrategy;
  /** of the median of its elders, which a new backup must have for any to be removed; 0 for any size */
  readonly minSizeRatio: number;
}

export interface PrunePlan {
  readonly remove: readonly StoredBackup[];
  /** why less is removed than was asked for, in sentences */
  readonly held: readonly string[];
}

/** A backup that was not written to for a day is not written any more. */
const longestSilence = 86_400_000;

/** The folder that a backup made at this time goes to; a kind that is not kept leaves its day to the daily ones. */
export function tierAt(time: number, { kind, counts }: BackupStrategy): Tier | undefined {
  if (kind === 'daily') return undefined;
  return tierOf(time, counts);
}

/**
 * @param shares of how many databases the files of this name are: each has a right to all of its own
 */
export async function planPrune(
  place: BackupPlace,
  core: string,
  { strategy, minSizeRatio }: PruneRules,
  shares: number,
  { signal, clock }: Context,
): Promise<PrunePlan> {
  const backups = await Array.fromAsync(listBackups(place, { core, signal }));
  const isFlat = place.kind !== 'folder';
  const subjects = backups
    // as long as the strategy is the rolling one, what the daily one made is nobody's
    .filter(({ tier }) => isFlat || strategy.kind === 'daily' || tier !== undefined)
    .map((backup) => ({
      ...{ backup, name: backup.name, time: backup.time, tags: [] },
      tier: isFlat ? tierAt(backup.time, strategy) : backup.tier,
      artefacts: [{ group: core, extension: '', size: backup.size }],
    }));
  const { remove, held } = planRetention(subjects, policyOf(strategy, shares), {
    now: clock.now(),
    minSizeRatio,
  });
  const gone = new Set(remove.map(({ name }) => name));
  const dead = listUnfinished(place, core, { before: clock.now() - longestSilence, signal });
  return {
    remove: [...backups.filter(({ name }) => gone.has(name)), ...(await Array.fromAsync(dead))],
    held,
  };
}

/** Removes them, and folders that nothing is left in. */
export async function removeBackups(backups: readonly StoredBackup[], { signal }: Context): Promise<void> {
  for (const { place, name } of backups) {
    await place.storage.remove(name, { signal });
    for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) {
      await place.storage.removeEmptyFolder?.(`${folder}/`, { signal });
    }
  }
}

function policyOf({ kind, counts, newest }: BackupStrategy, shares: number): ArchivePolicy {
  if (kind === 'daily') return { kind: 'newest', count: newest * shares };
  return {
    kind: 'tiers',
    counts: {
      daily: counts.daily * shares,
      weekly: counts.weekly * shares,
      monthly: counts.monthly * shares,
    },
  };
}
