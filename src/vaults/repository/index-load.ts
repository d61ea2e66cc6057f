/** Reads all index files into the blob index. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import { BlobIndex } from './blob-index/blob-index.ts';
import { scanIndex } from './format/index-file.ts';
import type { PackBlob } from './format/pack.ts';
import type { Repository } from './repository.ts';
import { damagedFile } from './sealed-file.ts';

const readsAtOnce = 8;

/** Codes `corrupt` for a damaged index file, `unsupported` for compressed blobs in a version 1 repository. */
export async function readIndex(repository: Repository, context: Context): Promise<BlobIndex> {
  const index = BlobIndex.create();
  const read = async ({ id }: { id: string }) => ({ id, json: await repository.readFile('index', id) });
  for await (const { id, json } of mapParallel(repository.list('index'), readsAtOnce, read)) {
    let pack: { id: Uint8Array; blobs: PackBlob[] } | undefined;
    const add = () => pack && index.addPack(pack.id, pack.blobs);
    try {
      scanIndex(json, {
        pack(ids, at) {
          add();
          pack = { id: ids.slice(at, at + 32), blobs: [] };
        },
        blob(type, ids, at, offset, length, uncompressedLength) {
          if (uncompressedLength !== 0 && repository.config.version === 1) throw tooNew(id);
          pack?.blobs.push({ type, id: ids.slice(at, at + 32), offset, length, uncompressedLength });
        },
      });
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'unsupported') throw error;
      throw damagedFile('index', id, error instanceof Error ? error.message : 'it cannot be decoded', error);
    }
    add();
  }
  return index;
}

function tooNew(id: string): HoldfastError {
  return new HoldfastError(
    'unsupported',
    `the index file ${id.slice(0, 8)} has compressed blobs in a version 1 repository`,
  );
}
