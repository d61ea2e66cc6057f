/** One index file, from stored bytes to what goes into the blob index; in the main thread or in a worker. */
import { hasCode, HoldfastError, messageOf } from '../../../kernel/errors.ts';
import { scanIndex } from '../format/index-file.ts';
import { damagedFile, type SealContext, unsealFile } from '../sealed-file.ts';
import { blobWords, type IndexBatch, plainLengthAt } from './index-batch.ts';

/**
 * Adds the packs and blobs of an index file to `batch`. Codes `corrupt` for a damaged file, `unsupported` for compressed
 * blobs in a version 1 repository; the batch is of no use then.
 */
export function readIndexFile(sealing: SealContext, id: string, sealed: Uint8Array, batch: IndexBatch): void {
  scanIndexFile(id, unsealFile(sealing, 'index', id, sealed), sealing.version, batch);
}

/** As `readIndexFile`, for who has the JSON. */
export function scanIndexFile(id: string, json: Uint8Array, version: 1 | 2, batch: IndexBatch): void {
  try {
    scanIndex(json, batch);
  } catch (error) {
    throw hasCode(error, 'unsupported') ? error : damagedFile('index', id, messageOf(error), error);
  }
  if (version === 2) return;
  for (let base = 0; base < batch.blobCount * blobWords; base += blobWords) {
    if (batch.blobs[base + plainLengthAt] === 0) continue;
    throw new HoldfastError(
      'unsupported',
      `the index file ${id.slice(0, 8)} has compressed blobs, which a version 1 repository cannot have`,
    );
  }
}
