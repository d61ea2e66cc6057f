/** Makes the index fit the packs that are there, by what their own headers say. */
import type { Context } from '../kernel/context.ts';
import { hasCode, type HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { fromHex, toHex } from '../kernel/hex.ts';
import { mapParallel } from '../kernel/parallel.ts';
import { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import { IndexBatch } from '../vaults/repository/blob-index/index-batch.ts';
import { readIndexFile } from '../vaults/repository/blob-index/read-index-file.ts';
import { encodePackHeader, headerEntrySize, packHeaderSize } from '../vaults/repository/format/pack.ts';
import { createIndexWriter } from '../vaults/repository/index-writer.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { readPackHeader } from './pack-header.ts';
import { rewriteIndex } from './rewrite-index.ts';

export interface RepairIndexOptions {
  /** trust no index file and read the header of every pack */
  readonly readAllPacks?: boolean;
  onFinding?(finding: IndexFinding): void;
  onProgress?(packsRead: number, total: number): void;
}

/** What was wrong, and is put right. Ids are those of packs, of the index file for `invalid-index`. */
export type IndexFinding =
  | { readonly kind: 'invalid-index' | 'unreadable-pack'; readonly id: string; readonly error: HoldfastError }
  | { readonly kind: 'added' | 'missing-pack'; readonly id: string }
  | { readonly kind: 'resized'; readonly id: string; readonly size: number; readonly expected: number };

const readsAtOnce = 8;

/** Needs an exclusive lock. The new index is complete before the old one goes. */
export async function repairIndex(
  repository: Repository,
  options: RepairIndexOptions,
  context: Context,
): Promise<void> {
  const report = (finding: IndexFinding): void => options.onFinding?.(finding);
  const { index, sound, obsolete } = await readSoundIndexes(repository, options, context);
  const indexed = packSizes(index);

  const toRead = new Map<string, number>();
  const outdated = new Set<string>();
  for await (const { id, size } of repository.list('pack')) {
    const pack = index.findPack(fromHex(id)!);
    const expected = pack < 0 ? undefined : indexed[pack]!;
    if (pack >= 0) indexed[pack] = Number.NaN;
    if (expected === size) continue;
    toRead.set(id, size);
    outdated.add(id);
    if (expected !== undefined) report({ kind: 'resized', id, size, expected });
    else if (!options.readAllPacks) report({ kind: 'added', id });
  }
  for (const [pack, size] of indexed.entries()) {
    if (Number.isNaN(size)) continue;
    const id = toHex(index.packId(pack));
    outdated.add(id);
    report({ kind: 'missing-pack', id });
  }
  await indexPacks(repository, toRead, options, context);
  const without = (pack: string): boolean => outdated.has(pack);
  await rewriteIndex(repository, { without, files: sound, alsoRemove: obsolete }, context);
  repository.forgetIndex();
}

/** The index of all files that can be read, and which ones cannot; with `readAllPacks` none is read. */
async function readSoundIndexes(
  repository: Repository,
  options: RepairIndexOptions,
  context: Context,
): Promise<{ index: BlobIndex; sound: string[]; obsolete: string[] }> {
  const files: string[] = [];
  for await (const { id } of repository.list('index')) files.push(id);
  const index = BlobIndex.create();
  if (options.readAllPacks) return { index, sound: [], obsolete: files };
  const sound: string[] = [];
  const obsolete: string[] = [];
  const sealing = { key: repository.key, version: repository.config.version };
  const batch = new IndexBatch();
  const read = async (id: string): Promise<{ id: string; sealed?: Uint8Array; error?: unknown }> => {
    try {
      return { id, sealed: await repository.readRaw('index', id) };
    } catch (error) {
      return { id, error };
    }
  };
  for await (const { id, sealed, error } of mapParallel(files, readsAtOnce, read)) {
    throwIfAborted(context.signal);
    batch.clear();
    try {
      if (!sealed) throw error;
      readIndexFile(sealing, id, sealed, batch);
      index.addBatch(batch);
      sound.push(id);
    } catch (problem) {
      if (!hasCode(problem, 'corrupt')) throw problem;
      obsolete.push(id);
      options.onFinding?.({ kind: 'invalid-index', id, error: problem });
    }
  }
  return { index, sound, obsolete };
}

/** Bytes that each pack has by the index. */
function packSizes(index: BlobIndex): Float64Array {
  const sizes = new Float64Array(index.packCount).fill(packHeaderSize([]));
  index.forEachEntry((entry) => {
    const uncompressedLength = index.uncompressedLengthOf(entry);
    sizes[index.packOf(entry)]! += index.lengthOf(entry) + headerEntrySize({ uncompressedLength });
  });
  return sizes;
}

/** Writes index files for packs from their headers; a pack without a sound one is told and left out. */
async function indexPacks(
  repository: Repository,
  packs: ReadonlyMap<string, number>,
  options: RepairIndexOptions,
  context: Context,
): Promise<void> {
  const writer = createIndexWriter(repository);
  const read = async ([id, size]: [string, number]) => {
    throwIfAborted(context.signal);
    try {
      return { id, blobs: await readPackHeader(repository, id, size, context) };
    } catch (error) {
      if (!hasCode(error, 'corrupt', 'truncated', 'not-found')) throw error;
      return { id, error };
    }
  };
  let done = 0;
  for await (const { id, blobs, error } of mapParallel(packs, readsAtOnce, read)) {
    if (blobs) {
      await writer.add({ id: fromHex(id)!, header: encodePackHeader(blobs), count: blobs.length });
    } else options.onFinding?.({ kind: 'unreadable-pack', id, error });
    options.onProgress?.(++done, packs.size);
  }
  await writer.finish();
}
