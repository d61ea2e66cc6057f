/** The policy that fits a layout, of what a user asks to be kept. */
import { HoldfastError } from '../../kernel/errors.ts';
import { type Layout, tiers } from '../../vaults/archive/layout/layout.ts';
import { describePolicy, type ForgetPolicy, isEmptyPolicy, validatePolicy } from '../forget-policy.ts';
import type { ArchivePolicy } from './retention.ts';

/** A backup that has less than this of what its elders have is suspicious. */
export const defaultMinSizeRatio = 0.5;

/** Those of backup-container. */
const defaultCount = 31;
const defaultTiers = { daily: 6, weekly: 4, monthly: 1 };

/** Without any rule: what backup-container keeps in its layouts, and everything in the others. Code `usage`. */
export function policyForLayout(layout: Layout, rules: ForgetPolicy): ArchivePolicy {
  validatePolicy(rules);
  const { last = 0, daily = 0, weekly = 0, monthly = 0, ...others } = rules;
  const empty = isEmptyPolicy(rules);
  const all = (count: number): number => (count < 0 ? Number.POSITIVE_INFINITY : count);
  const counts = { daily: all(daily), weekly: all(weekly), monthly: all(monthly) };
  if (layout === 'rolling') {
    if (last !== 0 || !isEmptyPolicy(others)) {
      throw new HoldfastError('usage', 'the layout rolling keeps so many of each of its folders', {
        hint: 'say how many with --keep-daily, --keep-weekly and --keep-monthly',
      });
    }
    return { kind: 'tiers', counts: empty ? defaultTiers : counts };
  }
  // copies of either: what is asked for says of which
  if (layout === 'flat' && !empty && last === 0 && isEmptyPolicy(others)) return { kind: 'tiers', counts };
  if (layout === 'daily' && empty) return { kind: 'newest', count: defaultCount };
  const onlyLast = last > 0 && isEmptyPolicy({ ...rules, last: 0 });
  if ((layout === 'daily' || layout === 'flat') && onlyLast) return { kind: 'newest', count: last };
  return { kind: 'rules', rules };
}

export function describeArchivePolicy(policy: ArchivePolicy): string {
  if (policy.kind === 'newest') return `keep the newest ${policy.count} of each source`;
  if (policy.kind === 'rules')
    return isEmptyPolicy(policy.rules) ? 'keep everything' : describePolicy(policy.rules);
  const [daily, weekly, monthly] = tiers.map((tier) =>
    Number.isFinite(policy.counts[tier]) ? policy.counts[tier] : 'all',
  );
  return `keep ${daily} daily, ${weekly} weekly and ${monthly} monthly ones of each source`;
}
