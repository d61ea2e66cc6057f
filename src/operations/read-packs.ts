/** Reads many blobs out of packs and verifies each: neighbours in one request, the next requests under way meanwhile. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { mapParallel } from '../kernel/parallel.ts';
import { createBlobDecoder, type BlobDecoder } from '../vaults/repository/blob-decoder.ts';
import { fileName } from '../vaults/repository/files.ts';
import type { PackBlob } from '../vaults/repository/format/pack.ts';
import { open } from '../vaults/repository/format/seal.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import type { PackContent } from './pack-contents.ts';

interface ReadBlob {
  /** lower-case hex */
  readonly pack: string;
  readonly blob: PackBlob;
}

export interface SoundBlob extends ReadBlob {
  /** plaintext whose hash is the blob's id; valid until the next blob is asked for */
  readonly plain: Uint8Array;
  /** as it lies in the pack, opened and still compressed; the plaintext itself where it is not compressed */
  readonly stored: Uint8Array;
  readonly error?: undefined;
}

export interface DamagedBlob extends ReadBlob {
  readonly plain?: undefined;
  readonly error: HoldfastError;
}

/** A request costs more than reading so many bytes that nobody wants. */
const gapBytes = 256 * 1024;
const rangeBytes = 16 * 1024 * 1024;
const rangesAtOnce = 3;

/**
 * Every blob in the order given. A damaged one comes with its error, also where its pack is cut off or gone; when the
 * storage fails in another way, that is thrown.
 */
export async function* readPacks(
  repository: Repository,
  packs: Iterable<PackContent>,
  context: Context,
): AsyncGenerator<SoundBlob | DamagedBlob> {
  const decoder = createBlobDecoder(repository.key);
  const read = (range: PackContent): Promise<SealedBlob[]> => readRange(repository, range, context);
  for await (const blobs of mapParallel(planRanges(packs), rangesAtOnce, read)) {
    for (const { pack, blob, sealed, error } of blobs) {
      throwIfAborted(context.signal);
      yield sealed ? decode(repository, decoder, pack, blob, sealed) : { pack, blob, error: error! };
    }
  }
}

interface SealedBlob extends ReadBlob {
  readonly sealed?: Uint8Array;
  readonly error?: HoldfastError;
}

async function readRange(
  repository: Repository,
  { pack, blobs }: PackContent,
  context: Context,
): Promise<SealedBlob[]> {
  const first = blobs[0]!;
  const last = blobs.at(-1)!;
  const length = last.offset + last.length - first.offset;
  try {
    const options = { offset: first.offset, length, signal: context.signal };
    const bytes = await repository.storage.read(fileName('pack', pack), options);
    return blobs.map((blob) => {
      const at = blob.offset - first.offset;
      return { pack, blob, sealed: bytes.subarray(at, at + blob.length) };
    });
  } catch (error) {
    if (!(error instanceof HoldfastError) || !['truncated', 'not-found'].includes(error.code)) throw error;
    if (error.code === 'not-found' || blobs.length === 1) return blobs.map((blob) => ({ pack, blob, error }));
    const parts: SealedBlob[] = [];
    for (const blob of blobs) parts.push(...(await readRange(repository, { pack, blobs: [blob] }, context)));
    return parts;
  }
}

function decode(
  repository: Repository,
  decoder: BlobDecoder,
  pack: string,
  blob: PackBlob,
  sealed: Uint8Array,
): SoundBlob | DamagedBlob {
  try {
    const plain = decoder.decodeChecked(sealed, blob.uncompressedLength, blob.id, 0);
    return {
      pack,
      blob,
      plain,
      stored: blob.uncompressedLength === 0 ? plain : open(repository.key, sealed),
    };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { pack, blob, error };
  }
}

function* planRanges(packs: Iterable<PackContent>): Generator<PackContent> {
  for (const { pack, blobs } of packs) {
    let start = 0;
    for (let at = 1; at <= blobs.length; at++) {
      const next = blobs[at];
      const last = blobs[at - 1]!;
      const begin = blobs[start]!.offset;
      const near = next && next.offset - (last.offset + last.length) <= gapBytes;
      if (near && next.offset + next.length - begin <= rangeBytes) continue;
      yield { pack, blobs: blobs.slice(start, at) };
      start = at;
    }
  }
}
