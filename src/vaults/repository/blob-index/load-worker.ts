/** A thread that unseals and scans index files into the blob index that all threads share. */
import { serve } from '../../../kernel/pool-worker.ts';
import type { SealContext } from '../sealed-file.ts';
import { BlobIndex, type SharedIndex } from './blob-index.ts';
import { IndexBatch } from './index-batch.ts';
import { readIndexFile } from './read-index-file.ts';

export interface LoadData {
  readonly index: SharedIndex;
  readonly sealing: SealContext;
}

export interface LoadRequest {
  readonly id: string;
  /** the stored bytes */
  readonly sealed: Uint8Array<ArrayBuffer>;
}

serve<LoadData, LoadRequest, undefined>(({ index: shared, sealing }) => {
  const index = BlobIndex.attach(shared);
  const batch = new IndexBatch();
  return ({ id, sealed }) => {
    batch.clear();
    readIndexFile(sealing, id, sealed, batch);
    index.addBatch(batch);
    return undefined;
  };
});
