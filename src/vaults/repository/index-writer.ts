/** Collects packs that are stored and writes them into index files, never before the packs themselves. */
import { encodeIndex } from './format/index-file.ts';
import { walkPackHeader } from './format/pack.ts';
import type { Repository } from './repository.ts';

/** A pack, and its plain header: a million blobs of it take 41 MB so, and many times that as objects. */
export interface StoredPack {
  readonly id: Uint8Array;
  readonly header: Uint8Array;
  /** blobs in it */
  readonly count: number;
}

export interface IndexWriter {
  /** Takes a pack that is stored; writes an index file when enough has come together. */
  add(pack: StoredPack): Promise<void>;
  /** Writes what is left; resolves to the ids of all index files that were written. */
  finish(): Promise<string[]>;
}

/** Blobs in an index file, as restic has it. */
const blobsPerFile = 50_000;

export function createIndexWriter(repository: Pick<Repository, 'writeFile'>): IndexWriter {
  const written: string[] = [];
  let packs: StoredPack[] = [];
  let blobCount = 0;

  async function flush(): Promise<void> {
    if (packs.length === 0) return;
    const json = encodeIndex(packs.map(({ id, header }) => ({ id, blobs: walkPackHeader(header) })));
    packs = [];
    blobCount = 0;
    written.push(await repository.writeFile('index', json));
  }

  return {
    async add(pack) {
      packs.push(pack);
      blobCount += pack.count;
      if (blobCount >= blobsPerFile) await flush();
    },
    async finish() {
      await flush();
      return written;
    },
  };
}
