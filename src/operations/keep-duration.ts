/** The durations of `--keep-within`: calendar years, months and days plus hours, counted back from an instant as restic counts. */
import { civilDate, daysFromCivil } from '../kernel/civil-date.ts';
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
