/** The header of a stored pack, read from its end with one request, or two when it is long. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { fileName } from '../vaults/repository/files.ts';
import {
  decodePackHeader,
  HEADER_LENGTH_SIZE,
  type PackBlob,
  readHeaderLength,
} from '../vaults/repository/format/pack.ts';
import { open } from '../vaults/repository/format/seal.ts';
import type { Repository } from '../vaults/repository/repository.ts';

/** Holds the header of a pack of some thousand blobs. */
const firstRead = 128 * 1024;

/** The blobs of a pack of `size` bytes, by its own account. Codes `corrupt`, `not-found`, `truncated`. */
export async function readPackHeader(
  repository: Repository,
  pack: string,
  size: number,
  context: Context,
): Promise<PackBlob[]> {
  const read = (length: number): Promise<Uint8Array> =>
    repository.storage.read(fileName('pack', pack), {
      offset: size - length,
      length,
      signal: context.signal,
    });
  let tail = await read(Math.min(size, firstRead));
  const sealedLength = readHeaderLength(tail, size);
  const needed = sealedLength + HEADER_LENGTH_SIZE;
  if (needed > tail.length) tail = await read(needed);
  const blobs = decodePackHeader(
    open(repository.key, tail.subarray(tail.length - needed, tail.length - HEADER_LENGTH_SIZE)),
  );
  const end = blobs.reduce((sum, blob) => sum + blob.length, 0);
  // what lies between the last blob and the header harms nobody
  if (end + needed > size) {
    throw new HoldfastError(
      'corrupt',
      `the header of pack ${pack} describes ${end + needed} bytes, and it has ${size}`,
    );
  }
  return blobs;
}
