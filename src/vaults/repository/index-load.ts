/** Reads all index files of a repository into the blob index. */
import type { BlobIndex } from './blob-index/blob-index.ts';
import { loadIndex, type StoredIndex } from './blob-index/load-index.ts';
import type { Repository } from './repository.ts';

/** Codes `corrupt` for a damaged index file, `unsupported` for compressed blobs in a version 1 repository. */
export async function readIndex(repository: Repository): Promise<BlobIndex> {
  const files: StoredIndex[] = [];
  for await (const file of repository.list('index')) files.push(file);
  return loadIndex(files, {
    sealing: { key: repository.key, version: repository.config.version },
    read: (id) => repository.readRaw('index', id),
  });
}
