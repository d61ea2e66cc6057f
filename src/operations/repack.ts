/** Puts blobs from packs into new packs, of the same repository or of another: for prune and copy. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { compress, decompress } from '../kernel/native/zstd.ts';
import type { PackBlob } from '../vaults/repository/format/pack.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import type { CompressionMode } from '../vaults/repository/worker/compression.ts';
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
  /** what is recoded is compressed by this, also where that saves nothing */
  readonly always?: CompressionMode | undefined;
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
    if (options.recode(blob) && options.always !== undefined && read.plain.length > 0) {
      const encoded = encode(read.plain, options.always);
      await writer.putStored(blob.type, blob.id, encoded, read.plain.length, options.again);
    } else if (options.recode(blob)) {
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

const levels: Record<CompressionMode, number> = { off: 1, fastest: 1, auto: 3, better: 9, max: 19 };

/** Decoded again and compared, as everything that is written. */
function encode(plain: Uint8Array, mode: CompressionMode): Uint8Array {
  const encoded = compress(plain, levels[mode]);
  if (Buffer.compare(decompress(encoded, plain.length), plain) === 0) return encoded;
  throw new HoldfastError('corrupt', 'a compressed blob does not decode to what it was', {
    hint: 'the memory or the processor of this machine may be failing',
  });
}
