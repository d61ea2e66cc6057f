/** The content of a file as a stream: the next blobs are read while one is used, and blobs that repeat are kept. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { mapParallel } from '../kernel/parallel.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import type { Repository } from '../vaults/repository/repository.ts';

const blobsAtOnce = 4;
/** A file with holes repeats one blob of zeros many times. */
const keptBytes = 32 * 1024 * 1024;

export interface ContentReader {
  /** All bytes of a file's node, checked against its size. Codes `corrupt`, `not-found`. */
  read(node: Node, path: string): AsyncGenerator<Uint8Array>;
}

export function createContentReader(repository: Repository, context: Context): ContentReader {
  const kept = new Map<string, Promise<Uint8Array>>();
  const sizes = new Map<string, number>();
  let bytes = 0;

  const readBlob = async (id: Uint8Array): Promise<Uint8Array> => {
    throwIfAborted(context.signal);
    const key = Buffer.from(id).toString('latin1');
    const known = kept.get(key);
    if (known) return known;
    const reading = repository.readBlob('data', id);
    kept.set(key, reading);
    try {
      const blob = await reading;
      sizes.set(key, blob.length);
      bytes += blob.length;
      return blob;
    } catch (error) {
      kept.delete(key);
      throw error;
    } finally {
      for (const oldest of kept.keys()) {
        if (bytes <= keptBytes) break;
        kept.delete(oldest);
        bytes -= sizes.get(oldest) ?? 0;
        sizes.delete(oldest);
      }
    }
  };

  return {
    async *read(node, path) {
      let length = 0;
      for await (const blob of mapParallel(contentIds(node), blobsAtOnce, readBlob)) {
        length += blob.length;
        yield blob;
      }
      if (length !== node.size) {
        throw new HoldfastError('corrupt', `${path} should have ${node.size} bytes and has ${length}`);
      }
    },
  };
}

function* contentIds(node: Node): Generator<Uint8Array> {
  const content = node.content ?? new Uint8Array(0);
  for (let at = 0; at < content.length; at += 32) yield content.slice(at, at + 32);
}
