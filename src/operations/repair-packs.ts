/** Saves what can be read of damaged packs into new ones, and removes them. */
import type { Context } from '../kernel/context.ts';
import { hasCode, HoldfastError, messageOf } from '../kernel/errors.ts';
import { fromHex, toHex } from '../kernel/hex.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import { fileName } from '../vaults/repository/files.ts';
import type { PackBlob } from '../vaults/repository/format/pack.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { type BlobWriterOptions, createBlobWriter } from '../vaults/repository/writer.ts';
import { packBlobOf, type PackContent } from './pack-contents.ts';
import { readPackHeader } from './pack-header.ts';
import { readPacks } from './read-packs.ts';
import { rewriteIndex } from './rewrite-index.ts';

export interface RepairPacksOptions extends BlobWriterOptions {
  /** full ids of packs, hex */
  readonly packs: readonly string[];
  /** keeps a copy of a damaged pack before it goes; one that cannot be read at all is not handed over */
  saveCopy?(pack: string, bytes: Uint8Array): Promise<void>;
  onPack?(pack: string, done: number): void;
}

export interface RepairPacksResult {
  /** blobs that were saved */
  readonly saved: number;
  /** blobs of these packs that could not be read there */
  readonly lost: readonly { readonly pack: string; readonly type: PackBlob['type']; readonly id: string }[];
  /** packs in which no blob is known, by the index or by themselves */
  readonly empty: readonly string[];
}

/** Needs an exclusive lock. The saved blobs are indexed before the packs leave the index, and these go last. */
export async function repairPacks(
  repository: Repository,
  options: RepairPacksOptions,
  context: Context,
): Promise<RepairPacksResult> {
  const packs = new Set(options.packs);
  if (packs.size === 0) throw new HoldfastError('usage', 'no ids specified');
  const index = await repository.loadIndex();
  const sizes = new Map<string, number>();
  for await (const { id, size } of repository.list('pack')) if (packs.has(id)) sizes.set(id, size);
  for (const pack of packs) await keepCopy(repository, pack, options, context);

  const contents: PackContent[] = [];
  const empty: string[] = [];
  for (const pack of packs) {
    const blobs = await blobsOf(repository, index, pack, sizes.get(pack), context);
    if (blobs.length > 0) contents.push({ pack, blobs });
    else empty.push(pack);
  }
  const writer = await createBlobWriter(repository, options, context);
  const lost: { pack: string; type: PackBlob['type']; id: string }[] = [];
  let saved = 0;
  let lastPack = '';
  for await (const read of readPacks(repository, contents, context)) {
    const { pack, blob } = read;
    if (pack !== lastPack)
      options.onPack?.(
        (lastPack = pack),
        contents.findIndex((one) => one.pack === pack),
      );
    if (read.plain === undefined) {
      lost.push({ pack, type: blob.type, id: toHex(blob.id) });
      continue;
    }
    await writer.putStored(blob.type, blob.id, read.stored, blob.uncompressedLength, true);
    saved++;
  }
  await writer.finish();

  const files: string[] = [];
  for await (const { id } of repository.list('index')) files.push(id);
  await rewriteIndex(repository, { without: (pack) => packs.has(pack), files }, context);
  for (const pack of packs) await repository.removeFile('pack', pack);
  return { saved, lost, empty };
}

async function keepCopy(
  repository: Repository,
  pack: string,
  { saveCopy }: RepairPacksOptions,
  context: Context,
): Promise<void> {
  if (!saveCopy) return;
  let bytes: Uint8Array;
  try {
    bytes = await repository.storage.read(fileName('pack', pack), { signal: context.signal });
  } catch (error) {
    if (!hasCode(error, 'not-found', 'truncated')) throw error;
    context.warn(`no copy of pack ${pack} is kept: ${messageOf(error)}`);
    return;
  }
  await saveCopy(pack, bytes);
}

/** What the index and the pack's own header say of it, ascending by offset, each place once. */
async function blobsOf(
  repository: Repository,
  index: BlobIndex,
  pack: string,
  size: number | undefined,
  context: Context,
): Promise<PackBlob[]> {
  const places = new Map<string, PackBlob>();
  const add = (blob: PackBlob): void =>
    void places.set(`${blob.offset} ${blob.length} ${toHex(blob.id)}`, blob);
  const number = index.findPack(fromHex(pack)!);
  if (number >= 0) {
    index.forEachEntry((entry) => {
      if (index.packOf(entry) === number) add(packBlobOf(index, entry));
    });
  }
  if (size !== undefined) {
    try {
      for (const blob of await readPackHeader(repository, pack, size, context)) add(blob);
    } catch (error) {
      // a damaged header is no news here: what the index knows is saved all the same
      if (!hasCode(error, 'corrupt', 'truncated', 'not-found')) throw error;
    }
  }
  return [...places.values()].sort((a, b) => a.offset - b.offset);
}
