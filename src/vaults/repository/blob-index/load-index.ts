/** Reads all index files of a repository into the blob index: a few in this thread, many in several threads. */
import { availableParallelism } from 'node:os';
import { hasCode } from '../../../kernel/errors.ts';
import { mapParallel } from '../../../kernel/parallel.ts';
import { createPool, workerModule } from '../../../kernel/pool.ts';
import type { SealContext } from '../sealed-file.ts';
import { BlobIndex } from './blob-index.ts';
import { IndexBatch } from './index-batch.ts';
import type { LoadData, LoadRequest } from './load-worker.ts';
import { readIndexFile } from './read-index-file.ts';

export interface StoredIndex {
  readonly id: string;
  /** stored bytes */
  readonly size: number;
}

export interface LoadOptions {
  readonly sealing: SealContext;
  /** The stored bytes of an index file, its hash checked. Several are asked for at a time. */
  readonly read: (id: string) => Promise<Uint8Array>;
  /** threads at most, default one for each processor, up to 8 */
  readonly threads?: number;
  /** Takes the damaged files, which are then passed over; without it the first of them ends the loading. */
  readonly damaged?: (id: string, error: unknown) => void;
}

/** Stored bytes of index files for each blob in them, so that the table is made large enough at once. */
const storedBytesPerBlob = { 1: 150, 2: 52 };
/** Less than this is read before the first worker thread would have started. */
const worthThreads = 12 * 1024 * 1024;
const readsAtOnce = 8;

/**
 * Codes `corrupt` for a damaged index file, `unsupported` for compressed blobs in a version 1 repository, and those of
 * `read`. A file that fails has entered nothing.
 */
export async function loadIndex(files: readonly StoredIndex[], options: LoadOptions): Promise<BlobIndex> {
  const { sealing, read, damaged, threads = Math.min(availableParallelism(), 8) } = options;
  const stored = files.reduce((sum, { size }) => sum + size, 0);
  const index = BlobIndex.create(Math.ceil(stored / storedBytesPerBlob[sealing.version]));
  const inThreads = stored >= worthThreads && files.length > 1 && threads > 1;
  await using stack = new AsyncDisposableStack();
  const enter = inThreads ? await enterInThreads() : enterHere();
  const step = async ({ id }: StoredIndex): Promise<void> => {
    try {
      await enter(id, await read(id));
    } catch (error) {
      if (!damaged || !hasCode(error, 'corrupt')) throw error;
      damaged(id, error);
    }
  };
  for await (const _ of mapParallel(files, Math.max(readsAtOnce, 2 * threads), step));
  return index;

  function enterHere(): (id: string, sealed: Uint8Array) => void {
    const batch = new IndexBatch();
    return (id, sealed) => {
      batch.clear();
      readIndexFile(sealing, id, sealed, batch);
      index.addBatch(batch);
    };
  }

  async function enterInThreads(): Promise<(id: string, sealed: Uint8Array) => Promise<undefined>> {
    const pool = createPool<LoadRequest, undefined, LoadData>(
      workerModule(import.meta.url, './load-worker'),
      {
        size: Math.min(threads, files.length),
        data: { index: index.shared, sealing },
        depth: 2,
      },
    );
    stack.use(pool);
    return (id, sealed) => {
      // A copy: the bytes move to the worker, and whoever read them may have kept them.
      const own = sealed.slice();
      return pool.run({ id, sealed: own }, [own.buffer]);
    };
  }
}
