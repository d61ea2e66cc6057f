/** Reads all index files into the blob index. */
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import { BlobIndex } from './blob-index/blob-index.ts';
import { IndexBatch, blobWords, plainLengthAt } from './blob-index/index-batch.ts';
import { scanIndex } from './format/index-file.ts';
import type { Repository } from './repository.ts';
import { damagedFile } from './sealed-file.ts';

const readsAtOnce = 8;
/** Stored bytes of index files for each blob in them, so that the table is made large enough at once. */
const storedBytesPerBlob = 70;

/** Codes `corrupt` for a damaged index file, `unsupported` for compressed blobs in a version 1 repository. */
export async function readIndex(repository: Repository): Promise<BlobIndex> {
  const files: { id: string; size: number }[] = [];
  for await (const file of repository.list('index')) files.push(file);
  const stored = files.reduce((sum, { size }) => sum + size, 0);
  const index = BlobIndex.create(Math.ceil(stored / storedBytesPerBlob));
  const batch = new IndexBatch();
  const read = async ({ id }: { id: string }) => ({ id, json: await repository.readFile('index', id) });
  for await (const { id, json } of mapParallel(files, readsAtOnce, read)) {
    batch.clear();
    scanIndexFile(id, json, repository.config.version, batch);
    index.addBatch(batch);
  }
  return index;
}

/** Scans one index file into `batch`, which is empty. Codes as `readIndex`. */
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
