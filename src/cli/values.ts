/** Parsers for the values of flags and variables; all throw the code `usage`. */
import { HoldfastError } from '../kernel/errors.ts';

/** A whole number from `least` up. */
export function parseCount(text: string, flag: string, least = 0): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < least) {
    throw new HoldfastError('usage', `${flag}: "${text}" is not a whole number of at least ${least}`);
  }
  return count;
}

/** One of `choices`. */
export function parseChoice<Choice extends string>(
  text: string,
  choices: readonly Choice[],
  flag: string,
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) {
    throw new HoldfastError('usage', `${flag}: "${text}" is not one of ${choices.join(', ')}`);
  }
  return choice;
}

/** Milliseconds since 1970 of `2012-11-01 22:08:41`, in local time. */
export function parseLocalTime(text: string, flag: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text);
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1).map(Number);
  const time = match ? new Date(year!, month! - 1, day, hour, minute, second) : undefined;
  if (!time || time.getMonth() !== month! - 1 || time.getDate() !== day || hour! > 23 || minute! > 59) {
    throw new HoldfastError('usage', `${flag}: "${text}" is not a time`, {
      hint: 'write it like "2012-11-01 22:08:41", in local time',
    });
  }
  return time.getTime();
}

/** Collects the values of a flag that may be given many times. For commander's argParser. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** As `collect`, and splits each value at commas. */
export function collectSplit(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.toWellFormed().split(',')];
}

/** As `collect`, each value a list of its own: `--tag a,b --tag c` is [[a, b], [c]]. */
export function collectLists(value: string, previous: readonly string[][] | undefined): string[][] {
  return [...(previous ?? []), value.toWellFormed().split(',')];
}
