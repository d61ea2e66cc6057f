/** Which snapshots of one group a retention policy keeps, and why: a pure function that agrees with restic's. */
import { civilDate, daysFromCivil } from '../kernel/civil-date.ts';
import { HoldfastError } from '../kernel/errors.ts';
import type { Time } from '../vaults/repository/format/node.ts';
import { zeroTime } from '../vaults/repository/format/time.ts';
import { formatKeepDuration, isEmptyDuration, subtractDuration, type KeepDuration } from './keep-duration.ts';

/** Counts: 0 or absent = no such rule, -1 = all. `tags`: a snapshot with every tag of one of the lists is kept. */
export interface ForgetPolicy {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  readonly within?: KeepDuration;
  readonly withinHourly?: KeepDuration;
  readonly withinDaily?: KeepDuration;
  readonly withinWeekly?: KeepDuration;
  readonly withinMonthly?: KeepDuration;
  readonly withinYearly?: KeepDuration;
  readonly tags?: readonly (readonly string[])[];
}

/** What the policy looks at; buckets are cut in the zone offset of the snapshot's own time. */
export interface PolicySubject {
  readonly time: Time;
  readonly tags: readonly string[];
}

export interface KeptSnapshot<T> {
  readonly snapshot: T;
  /** restic's words: "daily snapshot", "within 7d", "has tags [a, b]" */
  readonly matches: readonly string[];
}

export interface PolicyDecision<T> {
  /** newest first */
  readonly keep: readonly KeptSnapshot<T>[];
  /** newest first */
  readonly remove: readonly T[];
}

const countRules = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
const withinRules = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
const withinFields = {
  hourly: 'withinHourly',
  daily: 'withinDaily',
  weekly: 'withinWeekly',
  monthly: 'withinMonthly',
  yearly: 'withinYearly',
} as const;

/** True when the policy holds no rule at all: it would keep nothing. */
export function isEmptyPolicy(policy: ForgetPolicy): boolean {
  return (
    countRules.every((rule) => (policy[rule] ?? 0) === 0) &&
    isEmptyDuration(policy.within) &&
    withinRules.every((rule) => isEmptyDuration(policy[withinFields[rule]])) &&
    (policy.tags ?? []).length === 0
  );
}

/** Throws the code `usage` for counts below -1 or that are no whole numbers. */
export function validatePolicy(policy: ForgetPolicy): void {
  for (const rule of countRules) {
    const count = policy[rule] ?? 0;
    if (!Number.isSafeInteger(count) || count < -1) {
      throw new HoldfastError('usage', 'negative values other than -1 are not allowed for --keep-*');
    }
  }
}

/** Parses the value of a `--keep-*` count: a number from 0, or `unlimited`. Code `usage`. */
export function parseKeepCount(text: string): number {
  if (text === 'unlimited') return -1;
  if (/^-\d+$/.test(text)) {
    throw new HoldfastError('usage', "negative values not allowed, use 'unlimited' instead");
  }
  if (!/^\+?\d{1,15}$/.test(text)) throw new HoldfastError('usage', `"${text}" is not a number`);
  return Number(text);
}

/** The policy in words, as restic announces it: "keep 3 daily snapshots and all snapshots within 7d of the newest". */
export function describePolicy(policy: ForgetPolicy): string {
  const counts: string[] = [];
  for (const rule of countRules) {
    const count = policy[rule] ?? 0;
    const name = rule === 'last' ? 'latest' : rule;
    if (count !== 0) counts.push(`${count === -1 ? 'all' : count} ${name}`);
  }
  const lists = counts.length > 0 ? [`${counts.join(', ')} snapshots`] : [];
  for (const rule of withinRules) {
    const within = policy[withinFields[rule]];
    if (within && !isEmptyDuration(within))
      lists.push(`${rule} snapshots within ${formatKeepDuration(within)}`);
  }
  const clauses = lists.length > 0 ? [lists.join(', ')] : [];
  if (policy.tags?.length)
    clauses.push(`all snapshots with tags [${policy.tags.map(tagListText).join(' ')}]`);
  if (policy.within && !isEmptyDuration(policy.within)) {
    clauses.push(`all snapshots within ${formatKeepDuration(policy.within)} of the newest`);
  }
  return clauses.length > 0 ? `keep ${clauses.join(' and ')}` : 'remove';
}

/**
 * Applies the policy to the snapshots of one group.
 * `now` (milliseconds) bounds which snapshot counts as the newest: one from the future does not.
 */
export function applyPolicy<T extends PolicySubject>(
  snapshots: readonly T[],
  policy: ForgetPolicy,
  now: number,
): PolicyDecision<T> {
  const list = snapshots.toSorted((a, b) => compareTimes(b.time, a.time));
  const newest = newestNotInFuture(list, now);
  const counted = countRules.map((rule) => ({
    bucket: buckets[rule],
    reason: `${rule} snapshot`,
    left: policy[rule] ?? 0,
    seen: -1,
  }));
  const within = withinRules.flatMap((rule) => {
    const duration = policy[withinFields[rule]];
    if (!duration || isEmptyDuration(duration)) return [];
    const reason = `${rule} within ${formatKeepDuration(duration)}`;
    return [{ bucket: buckets[rule], reason, after: subtractDuration(newest, duration), seen: -1 }];
  });
  const always = policy.within && !isEmptyDuration(policy.within) ? policy.within : undefined;
  const alwaysAfter = always && subtractDuration(newest, always);

  const keep: KeptSnapshot<T>[] = [];
  const remove: T[] = [];
  for (const [at, snapshot] of list.entries()) {
    const { time } = snapshot;
    const oldest = at === list.length - 1;
    const matches = (policy.tags ?? [])
      .filter((tags) => hasTags(snapshot.tags, tags))
      .map((tags) => `has tags ${tagListText(tags)}`);
    if (always && alwaysAfter && compareTimes(time, alwaysAfter) > 0) {
      matches.push(`within ${formatKeepDuration(always)}`);
    }
    for (const rule of counted) {
      if (rule.left === 0) continue;
      const value = rule.bucket(time, at);
      // the oldest is kept while counts are left: that makes the history as long as it can be
      if (value === rule.seen && !oldest) continue;
      matches.push(value === rule.seen ? `oldest ${rule.reason}` : rule.reason);
      rule.seen = value;
      if (rule.left > 0) rule.left--;
    }
    for (const rule of within) {
      if (compareTimes(time, rule.after) <= 0) continue;
      const value = rule.bucket(time, at);
      if (value === rule.seen && !oldest) continue;
      matches.push(value === rule.seen ? `oldest ${rule.reason}` : rule.reason);
      rule.seen = value;
    }
    if (matches.length > 0) keep.push({ snapshot, matches });
    else remove.push(snapshot);
  }
  return { keep, remove };
}

/** Negative when `a` is before `b`; the offsets do not matter. */
export function compareTimes(a: Time, b: Time): number {
  return a.sec - b.sec || a.nsec - b.nsec;
}

/** True when all of `wanted` are among `tags`; an empty wanted tag also matches a snapshot without any. */
export function hasTags(tags: readonly string[], wanted: readonly string[]): boolean {
  for (const tag of wanted) {
    if (tag === '' && tags.length === 0) return true;
    if (!tags.includes(tag)) return false;
  }
  return true;
}

function newestNotInFuture(list: readonly PolicySubject[], now: number): Time {
  const limit: Time = {
    sec: Math.floor(now / 1000),
    nsec: (now - Math.floor(now / 1000) * 1000) * 1e6,
    offset: 0,
  };
  const first = list.find((snapshot) => compareTimes(snapshot.time, limit) < 0);
  return first && compareTimes(first.time, zeroTime) > 0 ? first.time : zeroTime;
}

function tagListText(tags: readonly string[]): string {
  return `[${tags.join(', ')}]`;
}

const buckets: Record<(typeof countRules)[number], (time: Time, at: number) => number> = {
  last: (_time, at) => at,
  hourly: (time) => dayNumber(time) * 100 + Math.floor((wallSeconds(time) - localDay(time) * 86_400) / 3600),
  daily: dayNumber,
  weekly(time) {
    // the ISO week belongs to the year of its Thursday
    const day = localDay(time);
    const thursday = day + 3 - modulo(day + 3, 7);
    const { year } = civilDate(thursday);
    return year * 100 + Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1;
  },
  monthly(time) {
    const { year, month } = civilDate(localDay(time));
    return year * 100 + month;
  },
  yearly: (time) => civilDate(localDay(time)).year,
};

function dayNumber(time: Time): number {
  const { year, month, day } = civilDate(localDay(time));
  return year * 10_000 + month * 100 + day;
}

function wallSeconds(time: Time): number {
  return time.sec + time.offset * 60;
}

function localDay(time: Time): number {
  return Math.floor(wallSeconds(time) / 86_400);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
