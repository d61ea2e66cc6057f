/** `--read-data-subset`: which part of the packs is read. */
import { HoldfastError } from '../../kernel/errors.ts';

export type ReadDataSubset =
  | { readonly kind: 'all' }
  /** group `n` of `of`, 1 to `of`, by the first byte of the pack's id */
  | { readonly kind: 'group'; readonly n: number; readonly of: number }
  /** so many of a hundred, chosen at random */
  | { readonly kind: 'percent'; readonly percent: number }
  /** about so many bytes, chosen at random */
  | { readonly kind: 'size'; readonly bytes: number };

/** Groups are told apart by one byte. */
const mostGroups = 256;
const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** From `n/t`, `x%` or a size such as `50M`. Code `usage`. */
export function parseSubset(text: string): ReadDataSubset {
  const group = /^(\d+)\/(\d+)$/.exec(text);
  if (group) {
    const [n, of] = [Number(group[1]), Number(group[2])];
    if (n < 1 || of < 1 || n > of) {
      throw usage(
        '--read-data-subset=n/t values must be positive integers, and n <= t, e.g. --read-data-subset=1/2',
      );
    }
    if (of > mostGroups) throw usage(`--read-data-subset=n/t t must be at most ${mostGroups}`);
    return { kind: 'group', n, of };
  }
  const percent = /^(\d+(?:\.\d*)?|\.\d+)%$/.exec(text);
  if (percent) {
    const value = Number(percent[1]);
    if (value <= 0 || value > 100) {
      throw usage('--read-data-subset=x% x must be above 0.0% and at most 100.0%');
    }
    return { kind: 'percent', percent: value };
  }
  const size = /^(\d+)([bkmgt]?)$/i.exec(text);
  if (!size) throw usage('--read-data-subset has an invalid value: give n/t, x% or a size such as 50M');
  const bytes = Number(size[1]) * units[size[2]!.toLowerCase()]!;
  if (bytes <= 0) throw usage('--read-data-subset=n must be above 0');
  return { kind: 'size', bytes };
}

/** A pack that may be chosen. */
export interface SizedPack {
  /** 32 bytes */
  readonly id: Uint8Array;
  /** bytes */
  readonly size: number;
}

export interface Selection<T> {
  readonly packs: T[];
  /** what is read, for people, as restic words it */
  readonly description: string;
}

/** Chooses packs. `random` gives numbers from 0 up to 1; `filtered` says that only some snapshots are looked at. */
export function selectPacks<T extends SizedPack>(
  packs: readonly T[],
  subset: ReadDataSubset,
  random: () => number,
  filtered: boolean,
): Selection<T> {
  const what = filtered ? 'filtered ' : '';
  switch (subset.kind) {
    case 'all':
      return { packs: [...packs], description: `read all ${what}data` };
    case 'group': {
      const { n, of } = subset;
      const chosen = packs.filter(({ id }) => id[0]! % of === n - 1);
      const description = `read group #${n} of ${chosen.length} ${what}data packs (out of total ${packs.length} packs in ${of} groups)`;
      return { packs: chosen, description };
    }
    case 'percent': {
      const description = `read ${subset.percent.toFixed(1)}% of ${what}packfiles`;
      return { packs: choose(packs, subset.percent, random), description };
    }
    case 'size': {
      const total = packs.reduce((sum, { size }) => sum + size, 0);
      const bytes = Math.min(subset.bytes, total);
      const percent = total === 0 ? 100 : (bytes / total) * 100;
      const description = `read ${bytes} bytes (${percent.toFixed(1)}%) of ${what}data packs`;
      return { packs: choose(packs, percent, random), description };
    }
  }
}

/** A share of the packs, at least one, by a shuffle that stops early. */
function choose<T>(packs: readonly T[], percent: number, random: () => number): T[] {
  const pool = [...packs];
  const count = Math.min(pool.length, Math.max(1, Math.floor((pool.length * percent) / 100)));
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, count);
}

function usage(message: string): HoldfastError {
  return new HoldfastError('usage', `check flag ${message}`);
}
