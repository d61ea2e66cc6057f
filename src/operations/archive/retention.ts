/**
 * Which artefacts of an archive go, and why: pure. What is not sure to be right keeps everything: a clock that looks
 * wrong, a new backup that is much smaller than its elders. The newest backup of anything stays, whatever the policy.
 */
import { timeFromMs } from '../../vaults/repository/format/time.ts';
import type { Tier } from '../../vaults/archive/layout/layout.ts';
import { tiers } from '../../vaults/archive/layout/layout.ts';
import { offsetMinutes } from '../../vaults/archive/layout/wall-clock.ts';
import type { ForgetPolicy } from '../forget-policy.ts';
import { applyPolicy, isEmptyPolicy } from '../forget-policy.ts';
import { isEmptyDuration } from '../keep-duration.ts';

export type ArchivePolicy =
  /** the newest so many of each group: NUM_BACKUPS of backup-container */
  | { readonly kind: 'newest'; readonly count: number }
  /** the newest so many of each group in each folder: DAILY_BACKUPS, WEEKLY_BACKUPS, MONTHLY_BACKUPS */
  | { readonly kind: 'tiers'; readonly counts: Readonly<Record<Tier, number>> }
  /** as for repositories */
  | { readonly kind: 'rules'; readonly rules: ForgetPolicy };

/** What is kept or removed as one: a file, or the folder of a run. */
export interface RetentionSubject {
  readonly name: string;
  /** milliseconds since 1970 */
  readonly time: number;
  readonly tier: Tier | undefined;
  readonly tags: readonly string[];
  /** a subject goes when no group wants it any more */
  readonly artefacts: readonly RetentionArtefact[];
}

export interface RetentionArtefact {
  /** of the same source and of the same kind: they replace each other with time */
  readonly group: string;
  /** sizes are compared among those of one ending alone */
  readonly extension: string;
  /** bytes, as stored */
  readonly size: number;
}

export interface RetentionOptions {
  /** milliseconds since 1970 */
  readonly now: number;
  /** in which days and weeks begin; this machine's when undefined */
  readonly zone?: string | undefined;
  /** of the median of its elders that were not suspicious, which a new backup must have; 0 for any size */
  readonly minSizeRatio: number;
}

export interface RetentionDecision {
  readonly subject: RetentionSubject;
  readonly reasons: readonly string[];
}

export interface RetentionPlan {
  /** newest first */
  readonly keep: readonly RetentionDecision[];
  /** newest first */
  readonly remove: readonly RetentionSubject[];
  /** why less is removed than the policy says, in sentences */
  readonly held: readonly string[];
  /** smaller than they should be, also older ones: not what is counted on */
  readonly suspicious: ReadonlySet<RetentionSubject>;
  /** kept so that later ones are compared with them, and not with their larger elders */
  readonly measures: ReadonlySet<RetentionSubject>;
}

/** Names of zones that changed, and an hour that comes twice, let an honest clock seem an hour behind. */
const futureTolerance = 3_700_000;
/** With rules such as `keep within 30d`, a clock that is a year ahead would take all that is there. */
const longestPause = 366 * 86_400_000;
/** A backup that has it is of the right size, whatever its elders have: the next ones are compared with it. */
export const sizeAcceptedTag = 'size-accepted';
/** So many elders are looked at. */
const comparedElders = 7;

export function planRetention(
  subjects: readonly RetentionSubject[],
  policy: ArchivePolicy,
  options: RetentionOptions,
): RetentionPlan {
  const sorted = subjects.toSorted((a, b) => b.time - a.time || (a.name < b.name ? 1 : -1));
  const wrong = wrongClock(sorted, policy, options.now);
  if (wrong !== undefined) return keepAll(sorted, [wrong]);
  if (policy.kind === 'rules' && isEmptyPolicy(policy.rules)) return keepAll(sorted, []);
  const reasons = new Map<RetentionSubject, string[]>(sorted.map((subject) => [subject, []]));
  const held: string[] = [];
  const allSuspicious = new Set<RetentionSubject>();
  for (const members of groupsOf(sorted)) {
    const suspicious = suspicions(members, options.minSizeRatio);
    for (const subject of suspicious.keys()) allSuspicious.add(subject);
    const small = suspicious.get(members[0]!.subject);
    if (small !== undefined) {
      held.push(small);
      for (const { subject } of members)
        reasons.get(subject)!.push('nothing is removed beside a suspicious backup');
      continue;
    }
    const inGroup = members.map(({ subject }) => subject);
    // suspicious ones take the place of none that is good
    const good = inGroup.filter((subject) => !suspicious.has(subject));
    for (const some of good.length < inGroup.length ? [inGroup, good] : [inGroup])
      for (const [subject, why] of wanted(some, policy, options)) reasons.get(subject)!.push(...why);
    const newest = reasons.get(inGroup[0]!)!;
    if (newest.length === 0) newest.push('the newest one');
  }
  const measures = new Set<RetentionSubject>();
  for (const members of groupsOf(sorted)) {
    const isKept = (subject: RetentionSubject): boolean => reasons.get(subject)!.length > 0;
    for (const measure of neededMeasures(members, isKept)) measures.add(measure);
  }
  for (const subject of measures)
    reasons.get(subject)!.push('its size was accepted, and larger elders are kept');
  const decided = sorted.map((subject) => ({ subject, reasons: [...new Set(reasons.get(subject))] }));
  return {
    keep: decided.filter(({ reasons }) => reasons.length > 0),
    remove: decided.filter(({ reasons }) => reasons.length === 0).map(({ subject }) => subject),
    held,
    suspicious: allSuspicious,
    measures,
  };
}

function keepAll(subjects: readonly RetentionSubject[], held: readonly string[]): RetentionPlan {
  const reasons = [held.length > 0 ? 'the clock looks wrong' : 'no policy'];
  return {
    keep: subjects.map((subject) => ({ subject, reasons })),
    remove: [],
    held,
    suspicious: new Set(),
    measures: new Set(),
  };
}

function wrongClock(
  sorted: readonly RetentionSubject[],
  policy: ArchivePolicy,
  now: number,
): string | undefined {
  const [newest, before] = sorted;
  if (!newest) return undefined;
  const said = 'the clock looks wrong, and nothing is removed';
  if (newest.time > now + futureTolerance) return `${said}: ${newest.name} is of the future`;
  if (policy.kind !== 'rules' || !hasWithin(policy.rules)) return undefined;
  const pause = Math.max(now - newest.time, before ? newest.time - before.time : 0);
  if (pause <= longestPause) return undefined;
  return `${said}: there is no backup of the ${Math.floor(pause / 86_400_000)} days before`;
}

function hasWithin(rules: ForgetPolicy): boolean {
  const { within, withinHourly, withinDaily, withinWeekly, withinMonthly, withinYearly } = rules;
  const all = [within, withinHourly, withinDaily, withinWeekly, withinMonthly, withinYearly];
  return !all.every((duration) => isEmptyDuration(duration));
}

interface Member {
  readonly subject: RetentionSubject;
  readonly artefact: RetentionArtefact;
}

function groupsOf(sorted: readonly RetentionSubject[]): Iterable<readonly Member[]> {
  const groups = new Map<string, Member[]>();
  for (const subject of sorted) {
    for (const artefact of subject.artefacts) {
      const members = groups.get(artefact.group) ?? [];
      members.push({ subject, artefact });
      groups.set(artefact.group, members);
    }
  }
  return groups.values();
}

/**
 * Judged in order of time, each beside the elders that were not suspicious themselves: however often a small one
 * comes, it never becomes what is usual, and the last good ones stay until somebody says that the size is right.
 */
function suspicions(members: readonly Member[], minSizeRatio: number): ReadonlyMap<RetentionSubject, string> {
  const good = new Map<string, number[]>();
  const found = new Map<RetentionSubject, string>();
  for (const { subject, artefact } of members.toReversed()) {
    const { size, extension } = artefact;
    if (subject.tags.includes(sizeAcceptedTag)) {
      good.set(extension, [size]);
      continue;
    }
    const elders = good.get(extension) ?? [];
    good.set(extension, elders);
    const usual = usualSize(elders.slice(-comparedElders));
    if (usual === undefined || size >= usual * minSizeRatio) elders.push(size);
    else {
      const beside = `is suspiciously small beside its elders with about ${usual}`;
      found.set(
        subject,
        `${subject.name} has ${size} bytes and ${beside}: it is kept, and nothing is removed`,
      );
    }
  }
  return found;
}

/**
 * The newest ones whose size was accepted, as long as larger elders are kept: without them, what followed would be
 * compared with those elders again.
 */
function neededMeasures(
  members: readonly Member[],
  isKept: (subject: RetentionSubject) => boolean,
): RetentionSubject[] {
  return [...Map.groupBy(members, ({ artefact }) => artefact.extension).values()].flatMap((alike) => {
    const index = alike.findIndex(({ subject }) => subject.tags.includes(sizeAcceptedTag));
    const accepted = alike[index];
    if (!accepted) return [];
    const elders = alike.slice(index + 1);
    const isLarger = elders.some(
      ({ subject, artefact }) => artefact.size > accepted.artefact.size && isKept(subject),
    );
    return isLarger ? [accepted.subject] : [];
  });
}

/** Of two in the middle the larger one: where it is a toss-up, more is kept. */
function usualSize(sizes: readonly number[]): number | undefined {
  return sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)];
}

function wanted(
  group: readonly RetentionSubject[],
  policy: ArchivePolicy,
  { now, zone }: RetentionOptions,
): (readonly [RetentionSubject, readonly string[]])[] {
  switch (policy.kind) {
    case 'newest':
      return group.slice(0, policy.count).map((subject) => [subject, [`one of the newest ${policy.count}`]]);
    case 'tiers':
      return tiers.flatMap((tier) => {
        const count = policy.counts[tier];
        const kept = group.filter((subject) => subject.tier === tier).slice(0, count);
        return kept.map((subject) => [subject, [`one of the newest ${count} in ${tier}`]] as const);
      });
    case 'rules': {
      const subjects = group.map((subject) => ({
        subject,
        time: timeFromMs(subject.time, offsetMinutes(subject.time, zone)),
        tags: subject.tags,
      }));
      const { keep } = applyPolicy(subjects, policy.rules, now);
      return keep.map(({ snapshot, matches }) => [snapshot.subject, matches]);
    }
  }
}
