/** Sizes and durations as people write them; both throw the code `usage`. */
import { HoldfastError } from './errors.ts';

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
export function parseSize(text: string, what: string): number {
  const match = /^(\d+)([bkmgt]?)$/i.exec(text);
  const size = match ? Number(match[1]) * (sizeUnits[match[2]!.toLowerCase()] ?? 1) : Number.NaN;
  if (!Number.isSafeInteger(size)) {
    throw new HoldfastError('usage', `${what}: "${text}" is not a size`, {
      hint: 'write a whole number, with k, m, g or t after it for KiB, MiB, GiB or TiB',
    });
  }
  return size;
}

/** Milliseconds of a duration like `5m`, `1h30m`, `90s`, `0`. */
export function parseDuration(text: string, what: string): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) {
    throw new HoldfastError('usage', `${what}: "${text}" is not a duration`, {
      hint: 'write it like 90s, 5m or 1h30m',
    });
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * durationUnits[part[2]!]!, 0);
}
