/** Parsers for the values of flags and variables; all throw the code `usage`. */
import { HoldfastError } from '../kernel/errors.ts';

const sizeUnits: Record<string, number> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const durationUnits: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Bytes of `10`, `10b`, `4k`, `16M`, `2G`, `1T` (powers of 1024). */
export function parseSize(text: string, flag: string): number {
  const match = /^(\d+)([bkmgt]?)$/i.exec(text);
  const size = match ? Number(match[1]) * (sizeUnits[match[2]!.toLowerCase()] ?? 1) : Number.NaN;
  if (!Number.isSafeInteger(size)) {
    throw new HoldfastError('usage', `${flag}: "${text}" is not a size`, {
      hint: 'write a whole number, with k, m, g or t after it for KiB, MiB, GiB or TiB',
    });
  }
  return size;
}

/** Milliseconds of a duration like `5m`, `1h30m`, `90s`, `0`. */
export function parseDuration(text: string, flag: string): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) {
    throw new HoldfastError('usage', `${flag}: "${text}" is not a duration`, {
      hint: 'write it like 90s, 5m or 1h30m',
    });
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * durationUnits[part[2]!]!, 0);
}

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
  return [...(previous ?? []), ...value.split(',')];
}

/** As `collect`, each value a list of its own: `--tag a,b --tag c` is [[a, b], [c]]. */
export function collectLists(value: string, previous: readonly string[][] | undefined): string[][] {
  return [...(previous ?? []), value.split(',')];
}
