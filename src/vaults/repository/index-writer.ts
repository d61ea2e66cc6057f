/** Collects packs that are stored and writes them into index files, never before the packs themselves. */
import type { IndexedPack } from './format/index-file.ts';
import { encodeIndex } from './format/index-file.ts';
import type { PackBlob } from './format/pack.ts';
import type { Repository } from './repository.ts';

export interface IndexWriter {
  /** Takes a pack that is stored; writes an index file when enough has come together. */
  add(id: Uint8Array, blobs: readonly PackBlob[]): Promise<void>;
  /** Writes what is left; resolves to the ids of all index files that were written. */
  finish(): Promise<string[]>;
}

/** Blobs in an index file, as restic has it. */
const blobsPerFile = 50_000;

export function createIndexWriter(repository: Pick<Repository, 'writeFile'>): IndexWriter {
  const written: string[] = [];
  let packs: IndexedPack[] = [];
  let blobCount = 0;

  async function flush(): Promise<void> {
    if (packs.length === 0) return;
    const json = encodeIndex(packs);
    packs = [];
    blobCount = 0;
    written.push(await repository.writeFile('index', json));
  }

  return {
    async add(id, blobs) {
      packs.push({ id, blobs });
      blobCount += blobs.length;
      if (blobCount >= blobsPerFile) await flush();
    },
    async finish() {
      await flush();
      return written;
    },
  };
}
