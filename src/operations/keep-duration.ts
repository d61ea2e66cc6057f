/** The durations of `--keep-within`: calendar years, months and days plus hours, counted back from an instant as restic counts. */
import { HoldfastError } from '../kernel/errors.ts';
import type { Time } from '../vaults/repository/format/node.ts';
import { localOffset } from '../vaults/repository/format/time.ts';

/** `1y5m7d2h`; all four are whole numbers, zero or more. */
export interface KeepDuration {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

const units = { y: 'years', m: 'months', d: 'days', h: 'hours' } as const;

/** Parses `1y5m7d2h`; a unit given twice counts the last time, '' is the empty duration. Code `usage`. */
export function parseKeepDuration(text: string): KeepDuration {
  const duration = { years: 0, months: 0, days: 0, hours: 0 };
  let rest = text.trim();
  while (rest !== '') {
    const part = /^(-?)(\d+)([ymdh])/.exec(rest);
    if (!part) {
      throw new HoldfastError('usage', `"${text}" is not a duration`, {
        hint: 'durations are numbers with the units y, m, d and h, such as 1y5m7d2h',
      });
    }
    const amount = Number(part[2]);
    if (part[1] === '-' && amount > 0) {
      throw new HoldfastError(
        'usage',
        'durations containing negative values are not allowed for --keep-within*',
      );
    }
    duration[units[part[3] as keyof typeof units]] = amount;
    rest = rest.slice(part[0].length);
  }
  return duration;
}

/** `1y5m7d2h`, without the parts that are zero. */
export function formatKeepDuration(duration: KeepDuration): string {
  return Object.entries(units)
    .map(([unit, part]) => (duration[part] === 0 ? '' : `${duration[part]}${unit}`))
    .join('');
}

export function isEmptyDuration(duration: KeepDuration | undefined): boolean {
  return (
    !duration ||
    (duration.years === 0 && duration.months === 0 && duration.days === 0 && duration.hours === 0)
  );
}

/**
 * `from` minus the calendar part of the duration at the same time of day, minus the hours. An instant whose offset is
 * that of this machine's zone at that moment is moved in the zone (across daylight saving), any other at its fixed offset.
 */
export function subtractDuration(from: Time, duration: KeepDuration): Time {
  const inLocalZone = localOffset(from.sec) === from.offset;
  const shifted = from.sec + from.offset * 60;
  const day = Math.floor(shifted / 86_400);
  const date = civilDate(day);
  const wall =
    daysFromCivil(date.year - duration.years, date.month - duration.months, date.day - duration.days) *
      86_400 +
    (shifted - day * 86_400);
  const offset = inLocalZone ? offsetAtWallClock(wall) : from.offset;
  return { sec: wall - offset * 60 - duration.hours * 3600, nsec: from.nsec, offset };
}

function offsetAtWallClock(wall: number): number {
  const guess = localOffset(wall);
  return localOffset(wall - guess * 60) === guess ? guess : localOffset(wall - guess * 60);
}

/** Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01. */
export function civilDate(day: number): { year: number; month: number; day: number } {
  const era = Math.floor((day + 719_468) / 146_097);
  const dayOfEra = day + 719_468 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** Days from 1970-01-01; months and days beyond their range carry over, as in 31 February. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const months = year * 12 + (month - 1);
  const y = Math.floor(months / 12) - (months - Math.floor(months / 12) * 12 < 2 ? 1 : 0);
  const m = months - Math.floor(months / 12) * 12;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (m > 1 ? m - 2 : m + 10) + 2) / 5);
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468 + (day - 1);
}
