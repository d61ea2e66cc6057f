/** Decides which packs prune keeps, packs anew or deletes, from the index, the used blobs and the sizes of the packs. */
import { HoldfastError } from '../kernel/errors.ts';
import { fromHex, toHex } from '../kernel/hex.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import type { BlobSet } from './blob-set.ts';
import { EntrySet } from './blob-set.ts';
import { blobsToRescue, collectPackFacts, packKinds, type PackFacts } from './prune-packs.ts';
import { emptyStatistics, sumUp, type PruneStatistics } from './prune-statistics.ts';

export type MaxUnused = 'unlimited' | { readonly percent: number } | { readonly bytes: number };

export interface PackingOptions {
  /** how much of what stays may be unused, default 5 percent (of all that stays, from 0 to below 100) */
  readonly maxUnused?: MaxUnused;
  /** at most so many bytes are packed anew, default no limit */
  readonly maxRepackBytes?: number;
  /** packs below so many bytes are packed anew, default 0.8 times the usual size of the repository's packs */
  readonly smallPackBytes?: number;
  /** leave packs of file content as they are unless nothing in them is used */
  readonly repackCacheableOnly?: boolean;
  readonly repackUncompressed?: boolean;
}

export interface PackDecision {
  readonly statistics: PruneStatistics;
  /** names of packs in no index: deleted first */
  readonly unreferenced: readonly string[];
  /** numbers of packs whose used blobs go into new packs */
  readonly repack: readonly number[];
  /** numbers of packs in which nothing is needed */
  readonly remove: readonly number[];
  /** numbers of packs that the index names, that are not there, and that nobody needs */
  readonly forget: readonly number[];
  /** the blobs (first entries) that must be packed anew before the packs of `repack` may be deleted */
  readonly rescue: EntrySet;
}

const minPackSize = 4 * 1024 * 1024;
/** fewer small packs are not worth packing anew; it also keeps a lone small pack from being packed for ever */
const enoughSmallPacks = 10;

/**
 * `packs`: every pack file of the repository, name to size in bytes. Throws `corrupt` when a used blob is in no index or
 * in no pack, or when a pack that is needed does not have the size that the index says; nothing may be deleted then.
 */
export function decidePacks(
  index: BlobIndex,
  used: BlobSet,
  packs: ReadonlyMap<string, number>,
  version: 1 | 2,
  options: PackingOptions,
): PackDecision {
  refuseWhatCannotBe(used, version, options);
  const statistics = emptyStatistics();
  const { blobs, bytes, packs: counts } = statistics;
  const sizes = new Float64Array(index.packCount).fill(-1);
  const unreferenced: string[] = [];
  for (const [name, size] of packs) {
    const pack = index.findPack(fromHex(name)!);
    if (pack >= 0) {
      sizes[pack] = size;
    } else {
      unreferenced.push(name);
      bytes.unreferenced += size;
    }
  }
  const facts = collectPackFacts(index, used, sizes, statistics);
  const target = options.smallPackBytes ?? usualPackSize(facts);
  const { remove, forget, candidates } = sortPacks(facts, index, sizes, target, version, options, statistics);

  const isData = (pack: number): boolean => facts.kind[pack] === packKinds.data;
  candidates.sort(
    (a, b) =>
      Number(isData(a)) - Number(isData(b)) ||
      Number(sizes[a]! >= target) - Number(sizes[b]! >= target) ||
      facts.unusedBytes[b]! * facts.usedBytes[a]! - facts.unusedBytes[a]! * facts.usedBytes[b]!,
  );
  const maxUnusedAfter = unusedLimit(options.maxUnused ?? { percent: 5 }, bytes.used);
  const repack: number[] = [];
  for (const pack of candidates) {
    const size = sizes[pack]!;
    const unusedAfter = bytes.duplicate + bytes.unused - bytes.remove - bytes.repackRemove;
    const tolerable = unusedAfter < maxUnusedAfter && size >= target;
    if (
      bytes.repack + size >= (options.maxRepackBytes ?? Infinity) ||
      (tolerable && isData(pack) && !mustCompress(facts, pack, version, options))
    ) {
      counts.keep++;
      continue;
    }
    repack.push(pack);
    blobs.repack += facts.unusedBlobs[pack]! + facts.usedBlobs[pack]!;
    bytes.repack += size;
    blobs.repackRemove += facts.unusedBlobs[pack]!;
    bytes.repackRemove += facts.unusedBytes[pack]!;
    if (facts.uncompressed[pack] === 1) bytes.uncompressed -= size;
  }
  if (version < 2) bytes.uncompressed = 0;
  counts.unreferenced = unreferenced.length;
  counts.repack = repack.length;
  counts.remove = remove.length;
  sumUp(statistics);

  const gone = new Set([...remove, ...repack, ...forget]);
  const rescue = repack.length === 0 ? new EntrySet(0) : blobsToRescue(index, used, (pack) => gone.has(pack));
  return { statistics, unreferenced, repack, remove, forget, rescue };
}

function refuseWhatCannotBe(used: BlobSet, version: 1 | 2, options: PackingOptions): void {
  if (version < 2 && options.repackUncompressed) {
    throw new HoldfastError('usage', 'compression requires at least repository format version 2');
  }
  const { missing } = used;
  if (missing.length === 0) return;
  const some = missing.slice(0, 5).map(({ type, id }) => `${type} ${id}`);
  throw new HoldfastError(
    'corrupt',
    `the index does not know ${missing.length} of the blobs that snapshots need: ${some.join(', ')}`,
    { hint: 'nothing was deleted; run "holdfast repair index", then "holdfast repair snapshots"' },
  );
}

/** First look at each pack: what nobody needs, what stays without question, and what might be packed anew. */
function sortPacks(
  facts: PackFacts,
  index: BlobIndex,
  sizes: Float64Array,
  target: number,
  version: 1 | 2,
  options: PackingOptions,
  { blobs, bytes, packs }: PruneStatistics,
): { remove: number[]; forget: number[]; candidates: number[] } {
  const remove: number[] = [];
  const forget: number[] = [];
  const candidates: number[] = [];
  const small: number[] = [];
  for (let pack = 0; pack < sizes.length; pack++) {
    const size = sizes[pack]!;
    const used = facts.usedBlobs[pack]!;
    const expected = facts.usedBytes[pack]! + facts.unusedBytes[pack]!;
    if (size < 0 || used === 0) {
      blobs.remove += facts.unusedBlobs[pack]!;
      bytes.remove += facts.unusedBytes[pack]!;
    }
    if (size < 0) {
      forget.push(pack);
      continue;
    }
    if (expected !== size && used !== 0) {
      throw new HoldfastError(
        'corrupt',
        `pack ${toHex(index.packId(pack))} should have ${expected} bytes and has ${size}`,
        { hint: 'nothing was deleted; run "holdfast repair index"' },
      );
    }
    if (facts.uncompressed[pack] === 1) bytes.uncompressed += expected;
    if (used === 0) {
      packs.unused++;
      remove.push(pack);
      continue;
    }
    const whole = facts.unusedBlobs[pack] === 0;
    if (whole) packs.used++;
    else packs.partlyUsed++;
    if (options.repackCacheableOnly && facts.kind[pack] === packKinds.data) packs.keep++;
    else if (!whole || facts.kind[pack] === packKinds.mixed || mustCompress(facts, pack, version, options)) {
      candidates.push(pack);
    } else if (size < target) small.push(pack);
    else packs.keep++;
  }
  if (small.length < enoughSmallPacks) packs.keep += small.length;
  else candidates.push(...small);
  return { remove, forget, candidates };
}

function mustCompress(facts: PackFacts, pack: number, version: 1 | 2, options: PackingOptions): boolean {
  return (
    version >= 2 &&
    facts.uncompressed[pack] === 1 &&
    (facts.kind[pack] === packKinds.tree || options.repackUncompressed === true)
  );
}

/** 0.8 times the size below which 3 percent of the packs lie (at least 4 MiB): few packs count as small. */
function usualPackSize(facts: PackFacts): number {
  const sizes = facts.usedBytes
    .map((used, pack) => used + facts.unusedBytes[pack]!)
    .filter((size) => size > 0);
  sizes.sort();
  const third = sizes[Math.floor((sizes.length * 3) / 100)] ?? 0;
  return Math.floor((Math.max(minPackSize, third) * 4) / 5);
}

/** Bytes that may be unused afterwards when `used` bytes are used. */
function unusedLimit(limit: MaxUnused, used: number): number {
  if (limit === 'unlimited') return Infinity;
  if ('bytes' in limit) return limit.bytes;
  if (!(limit.percent >= 0 && limit.percent < 100)) {
    throw new HoldfastError('usage', 'the percentage of --max-unused must be at least 0 and below 100');
  }
  return Math.floor((limit.percent / (100 - limit.percent)) * used);
}
