/** Puts blobs from packs into new packs, of the same repository or of another: for prune and copy. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import type { PackBlob } from '../vaults/repository/format/pack.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import type { BlobWriter } from '../vaults/repository/writer.ts';
import { EntrySet } from './blob-set.ts';
import { packContents } from './pack-contents.ts';
import { readPacks } from './read-packs.ts';

export interface RepackOptions {
  /** entries of the source's index to take, copies of one blob among them at will */
  readonly entries: readonly number[];
  /** the number of different blobs among them */
  readonly blobs: number;
  /** store them even where the destination has them */
  readonly again: boolean;
  /** true for a blob that the writer shall compress (or not) by its own rules instead of taking it as it is stored */
  recode(blob: PackBlob): boolean;
  onPack?(done: number): void;
}

/**
 * Reads the entries pack by pack, verifies each blob and hands it to the writer.
 * A blob that is damaged in one pack is taken from another. Throws `corrupt` when one cannot be had at all; then the
 * writer must not be finished.
 */
export async function repack(
  source: Repository,
  writer: BlobWriter,
  options: RepackOptions,
  context: Context,
): Promise<void> {
  const index = await source.loadIndex();
  const stored = new EntrySet(index.count);
  let failure: unknown;
  let lastPack: string | undefined;
  let packs = 0;
  for await (const read of readPacks(source, packContents(index, options.entries), context)) {
    const { pack, blob } = read;
    if (pack !== lastPack && lastPack !== undefined) options.onPack?.(++packs);
    lastPack = pack;
    const first = index.find(blob.type, blob.id);
    if (stored.has(first)) continue;
    if (read.plain === undefined) {
      failure ??= read.error;
      continue;
    }
    if (options.recode(blob)) {
      await (options.again ? writer.putAgain(blob.type, read.plain) : writer.put(blob.type, read.plain));
    } else {
      await writer.putStored(blob.type, blob.id, read.stored, blob.uncompressedLength, options.again);
    }
    stored.add(first);
  }
  if (lastPack !== undefined) options.onPack?.(++packs);
  if (stored.size === options.blobs) return;
  const lost = options.blobs - stored.size;
  throw new HoldfastError(
    'corrupt',
    `${lost} ${lost === 1 ? 'blob' : 'blobs'} that are needed cannot be read`,
    {
      hint: 'run "holdfast check --read-data" to learn which',
      cause: failure,
    },
  );
}
