/** One index file, from stored bytes to what goes into the blob index; in the main thread or in a worker. */
import { hasCode, HoldfastError, messageOf } from '../../../kernel/errors.ts';
import { scanIndex } from '../format/index-file.ts';
import { damagedFile, type SealContext, unsealFile } from '../sealed-file.ts';
import { blobWords, type IndexBatch, plainLengthAt } from './index-batch.ts';

/**
 * Fills `batch` anew with the packs and blobs of an index file. Codes `corrupt` for a damaged file, `unsupported` for
 * compressed blobs in a version 1 repository.
 */
export function readIndexFile(sealing: SealContext, id: string, sealed: Uint8Array, batch: IndexBatch): void {
  const json = unsealFile(sealing, 'index', id, sealed);
  batch.clear();
  try {
    scanIndex(json, batch);
  } catch (error) {
    throw hasCode(error, 'unsupported') ? error : damagedFile('index', id, messageOf(error), error);
  }
  if (sealing.version !== 1) return;
  for (let base = 0; base < batch.blobCount * blobWords; base += blobWords) {
    if (batch.blobs[base + plainLengthAt] === 0) continue;
    throw new HoldfastError(
      'unsupported',
      `the index file ${id.slice(0, 8)} has compressed blobs, which a version 1 repository cannot have`,
    );
  }
}
