/**
 * Removes what no snapshot needs. Each step leaves a repository that is whole: used blobs go into new packs with an index
 * of their own first, then the index is written without the old packs, and only then are these deleted.
 */
import type { Context } from '../kernel/context.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import { fromHex, toHex } from '../kernel/hex.ts';
import { mapParallel } from '../kernel/parallel.ts';
import type { Leftover } from '../storage/storage.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { createBlobWriter, type BlobWriterOptions } from '../vaults/repository/writer.ts';
import { findLeftovers } from './leftovers.ts';
import { assertMayRemove } from './may-remove.ts';
import { decidePacks, type PackDecision, type PackingOptions } from './prune-plan.ts';
import { firstEntry } from './prune-packs.ts';
import type { PruneStatistics } from './prune-statistics.ts';
import { repack } from './repack.ts';
import { rewriteIndex } from './rewrite-index.ts';
import { findUsedBlobs } from './used-blobs.ts';

export interface PruneOptions extends PackingOptions, BlobWriterOptions {
  /** ids of snapshots that count as removed: those of a forget that is only planned */
  readonly ignoreSnapshots?: ReadonlySet<string>;
  readonly onProgress?: (progress: PruneProgress) => void;
}

export interface PruneProgress {
  readonly step: 'snapshots' | 'repack' | 'delete';
  readonly done: number;
  readonly total: number;
}

/** What a prune will do; performed at most once, under the lock it was planned under. */
export interface PrunePlan {
  readonly statistics: PruneStatistics;
  /** names (lower-case hex) of packs in no index, of packs to pack anew and then delete, and of packs to delete */
  readonly unreferencedPacks: readonly string[];
  readonly repackPacks: readonly string[];
  readonly removePacks: readonly string[];
  /** names of packs that are not there and not needed, which the index will no longer name */
  readonly forgetPacks: readonly string[];
  /** what writers that were killed left behind */
  readonly leftovers: readonly Leftover[];
  readonly decision: PackDecision;
  readonly options: PruneOptions;
}

const deletesAtOnce = 8;

/**
 * Finds out what can go. Needs an exclusive lock. Throws `corrupt` where anything that a snapshot references is missing:
 * then nothing may be removed.
 */
export async function planPrune(
  repository: Repository,
  options: PruneOptions,
  context: Context,
): Promise<PrunePlan> {
  const roots = new Set<string>();
  for await (const { id, snapshot } of repository.snapshots()) {
    if (!options.ignoreSnapshots?.has(id)) roots.add(snapshot.tree);
  }
  const index = await repository.loadIndex();
  const trees = [...roots].map((tree) => fromHex(tree)!);
  const used = await findUsedBlobs(repository, trees, context);
  const packs = new Map<string, number>();
  for await (const { id, size } of repository.list('pack')) packs.set(id, size);
  const decision = decidePacks(index, used, packs, repository.config.version, options);
  const names = (numbers: readonly number[]): string[] => numbers.map((pack) => toHex(index.packId(pack)));
  return {
    statistics: decision.statistics,
    unreferencedPacks: decision.unreferenced,
    repackPacks: names(decision.repack),
    removePacks: names(decision.remove),
    forgetPacks: names(decision.forget),
    leftovers: await Array.fromAsync(findLeftovers(repository, context)),
    decision,
    options,
  };
}

/** Does what was planned. Code `forbidden` on a storage that only appends. After an error or a crash at any point every snapshot is whole, and the next prune goes on. */
export async function performPrune(repository: Repository, plan: PrunePlan, context: Context): Promise<void> {
  const { options } = plan;
  await assertMayRemove(repository, context);
  await removePacks(repository, plan.unreferencedPacks, options, context);
  await rescueBlobs(repository, plan, context);
  const gone = new Set([...plan.repackPacks, ...plan.removePacks, ...plan.forgetPacks]);
  if (gone.size > 0) {
    const files: string[] = [];
    for await (const { id } of repository.list('index')) files.push(id);
    await rewriteIndex(repository, { without: (pack) => gone.has(pack), files }, context);
  }
  for (const pack of plan.forgetPacks) gone.delete(pack);
  await removePacks(repository, [...gone], options, context);
  for (const leftover of plan.leftovers) {
    throwIfAborted(context.signal);
    await leftover.remove();
  }
}

/** Puts the blobs that must stay into new packs; resolves once these are indexed. */
async function rescueBlobs(
  repository: Repository,
  { decision, options }: PrunePlan,
  context: Context,
): Promise<void> {
  if (decision.repack.length === 0) return;
  const index = await repository.loadIndex();
  const sources = new Set(decision.repack);
  const entries: number[] = [];
  index.forEachEntry((entry) => {
    if (sources.has(index.packOf(entry)) && decision.rescue.has(firstEntry(index, entry)))
      entries.push(entry);
  });
  const writer = await createBlobWriter(repository, options, context);
  const total = decision.repack.length;
  await repack(
    repository,
    writer,
    {
      entries,
      blobs: decision.rescue.size,
      again: true,
      recode: (blob) => blob.uncompressedLength === 0 && repository.config.version >= 2,
      // what were stored as it is would be taken for not yet compressed by the next prune, and so for ever
      always: options.repackUncompressed ? (options.compression ?? 'auto') : undefined,
      onPack: (done) => options.onProgress?.({ step: 'repack', done, total }),
    },
    context,
  );
  await writer.finish();
}

async function removePacks(
  repository: Repository,
  names: readonly string[],
  options: PruneOptions,
  context: Context,
): Promise<void> {
  let done = 0;
  const remove = async (name: string): Promise<void> => {
    throwIfAborted(context.signal);
    await repository.removeFile('pack', name);
  };
  for await (const _ of mapParallel(names, deletesAtOnce, remove)) {
    options.onProgress?.({ step: 'delete', done: ++done, total: names.length });
  }
}
