/** Which blobs a set of trees needs, each tree read once, several at a time. */
import type { Context } from '../kernel/context.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import type { BlobType } from '../vaults/repository/format/pack.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { BlobSet } from './blob-set.ts';
import { treeBatches } from './tree-walk.ts';

/** Trees that are read at the same time: enough to hide a storage's latency. */
const parallelTrees = 8;

/**
 * Adds every blob reachable from `roots` (32-byte tree ids) to `used`. Trees that are in `used` already are not read again.
 * `onNew` is told of the first entry of each blob that was added. Blobs that the index does not know end up in `used.missing`; a tree among them cannot be read and is left there.
 */
export async function addUsedBlobs(
  repository: Repository,
  roots: Iterable<Uint8Array>,
  used: BlobSet,
  context: Context,
  onNew: (entry: number) => void = () => {},
): Promise<void> {
  const index = await repository.loadIndex();
  const pending: Uint8Array[] = [];
  const add = (type: BlobType, ids: Uint8Array, at: number): boolean => {
    if (!used.add(type, ids, at)) return false;
    const entry = index.find(type, ids, at);
    if (entry < 0) return false;
    onNew(entry);
    return true;
  };
  const enqueue = (tree: Uint8Array): void => {
    if (add('tree', tree, 0)) pending.push(tree);
  };
  for (const root of roots) enqueue(root);

  const readOne = async (tree: Uint8Array): Promise<void> => {
    for await (const batch of treeBatches(repository, tree)) {
      for (const node of batch) {
        if (node.type === 'dir' && node.subtree) enqueue(node.subtree);
        if (node.type !== 'file' || !node.content) continue;
        for (let at = 0; at < node.content.length; at += 32) add('data', node.content, at);
      }
    }
  };

  const running = new Set<Promise<void>>();
  try {
    while (pending.length > 0 || running.size > 0) {
      throwIfAborted(context.signal);
      // last in, first out: depth first keeps the list of waiting trees short
      while (pending.length > 0 && running.size < parallelTrees) {
        const work: Promise<void> = readOne(pending.pop()!).finally(() => running.delete(work));
        running.add(work);
      }
      await Promise.race(running);
    }
  } finally {
    await Promise.allSettled(running);
  }
}

/** The blobs that `roots` need, as `addUsedBlobs`. */
export async function findUsedBlobs(
  repository: Repository,
  roots: Iterable<Uint8Array>,
  context: Context,
): Promise<BlobSet> {
  const used = new BlobSet(await repository.loadIndex());
  await addUsedBlobs(repository, roots, used, context);
  return used;
}
