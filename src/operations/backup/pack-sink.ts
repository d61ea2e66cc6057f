/** Where the workers' packs go: to the storage, then into the index, never the other way round. */
import { toHex } from '../../kernel/hex.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { fileName } from '../../vaults/repository/files.ts';
import { walkPackHeader } from '../../vaults/repository/format/pack.ts';
import { createIndexWriter } from '../../vaults/repository/index-writer.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import type { FinishedPack } from '../../vaults/repository/worker/packer.ts';

export interface PackSink {
  /** Stores a pack; its memory may be used again then. */
  take(pack: FinishedPack): Promise<void>;
  /** Waits for the packs that are on their way, and writes what is stored and not in an index file yet. */
  finish(): Promise<void>;
}

export function createPackSink(repository: Repository, index: BlobIndex, signal: AbortSignal): PackSink {
  const indexWriter = createIndexWriter(repository);
  /** A backup that ends early does not wait for them itself: they would be stored, and no index would say so. */
  const underWay = new Set<Promise<void>>();

  async function store(pack: FinishedPack): Promise<void> {
    const body = pack.buffer.subarray(0, pack.length);
    const keep = pack.type === 'tree';
    await repository.storage.write(fileName('pack', toHex(pack.id)), body, {
      sha256: pack.id,
      keep,
      signal,
    });
    index.addPack(pack.id, walkPackHeader(pack.header));
    await indexWriter.add(pack);
  }

  return {
    async take(pack) {
      const storing = store(pack);
      underWay.add(storing);
      await storing.finally(() => underWay.delete(storing));
    },
    async finish() {
      await Promise.allSettled(underWay);
      await indexWriter.finish();
    },
  };
}

/** A sink for dry runs. */
export const nowhere: PackSink = { take: async () => {}, finish: async () => {} };
