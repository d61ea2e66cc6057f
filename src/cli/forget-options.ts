/** From the flags of `forget` to the policy. */
import type { ForgetPolicy } from '../operations/forget-policy.ts';
import { parseKeepCount } from '../operations/forget-policy.ts';
import type { KeepDuration } from '../operations/keep-duration.ts';
import { parseKeepDuration } from '../operations/keep-duration.ts';
import { HoldfastError, hasCode } from '../kernel/errors.ts';
import type { PruneFlags } from './prune-flags.ts';
import type { SnapshotFlags } from './snapshot-flags.ts';

export interface ForgetFlags extends SnapshotFlags, PruneFlags {
  keepLast?: string;
  keepHourly?: string;
  keepDaily?: string;
  keepWeekly?: string;
  keepMonthly?: string;
  keepYearly?: string;
  keepWithin?: string;
  keepWithinHourly?: string;
  keepWithinDaily?: string;
  keepWithinWeekly?: string;
  keepWithinMonthly?: string;
  keepWithinYearly?: string;
  keepTag?: string[][];
  unsafeAllowRemoveAll?: boolean;
  hostname?: string[];
  compact?: boolean;
  groupBy: string;
  dryRun?: boolean;
  prune?: boolean;
}

/** Code `usage`. */
export function forgetPolicy(flags: ForgetFlags): ForgetPolicy {
  return {
    last: count(flags.keepLast, '--keep-last'),
    hourly: count(flags.keepHourly, '--keep-hourly'),
    daily: count(flags.keepDaily, '--keep-daily'),
    weekly: count(flags.keepWeekly, '--keep-weekly'),
    monthly: count(flags.keepMonthly, '--keep-monthly'),
    yearly: count(flags.keepYearly, '--keep-yearly'),
    within: duration(flags.keepWithin, '--keep-within'),
    withinHourly: duration(flags.keepWithinHourly, '--keep-within-hourly'),
    withinDaily: duration(flags.keepWithinDaily, '--keep-within-daily'),
    withinWeekly: duration(flags.keepWithinWeekly, '--keep-within-weekly'),
    withinMonthly: duration(flags.keepWithinMonthly, '--keep-within-monthly'),
    withinYearly: duration(flags.keepWithinYearly, '--keep-within-yearly'),
    tags: flags.keepTag ?? [],
  };
}

const none: KeepDuration = parseKeepDuration('');

function count(text: string | undefined, flag: string): number {
  return text === undefined ? 0 : named(flag, () => parseKeepCount(text));
}

function duration(text: string | undefined, flag: string): KeepDuration {
  return text === undefined ? none : named(flag, () => parseKeepDuration(text));
}

/** Puts the flag's name before what is wrong with its value. */
function named<T>(flag: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!hasCode(error, 'usage')) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new HoldfastError('usage', `${flag}: ${error.message}`, { ...hint, cause: error });
  }
}
