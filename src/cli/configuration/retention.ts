/** From what the configuration says is kept to the policy. */
import type { RetentionSettings } from '../../config/schema/retention.ts';
import { listOf } from '../../config/schema/value.ts';
import { type ForgetPolicy, parseKeepCount } from '../../operations/forget-policy.ts';
import { type KeepDuration, parseKeepDuration } from '../../operations/keep-duration.ts';

export function forgetPolicy(settings: RetentionSettings): ForgetPolicy {
  const count = (value: number | 'unlimited' | undefined): number =>
    value === undefined ? 0 : parseKeepCount(String(value));
  const period = (value: string | undefined): KeepDuration => parseKeepDuration(value ?? '');
  return {
    last: count(settings.last),
    hourly: count(settings.hourly),
    daily: count(settings.daily),
    weekly: count(settings.weekly),
    monthly: count(settings.monthly),
    yearly: count(settings.yearly),
    within: period(settings.within),
    withinHourly: period(settings['within-hourly']),
    withinDaily: period(settings['within-daily']),
    withinWeekly: period(settings['within-weekly']),
    withinMonthly: period(settings['within-monthly']),
    withinYearly: period(settings['within-yearly']),
    tags: listOf(settings.tags).map((tags) => tags.split(',')),
  };
}
