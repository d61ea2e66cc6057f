/** Walks the directories of a snapshot in order, batch by batch, so that a directory of any size passes in bounded memory. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, hasCode, throwIfAborted } from '../kernel/errors.ts';
import { pathToText } from '../kernel/path-text.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { plainLength } from './blob-set.ts';

/** Trees up to this many plaintext bytes are parsed in one go: that is faster than a stream. */
const wholeTreeBytes = 4 * 1024 * 1024;
const batchNodes = 1000;

export interface TreeVisitor {
  /** Called for each entry with its path, in the order of the tree; for a directory, return false to leave its content out. */
  entry(path: string, node: Node, parent: Uint8Array): boolean | void | Promise<boolean | void>;
  /** After the last entry of a directory; not called for the root. */
  leave?(path: string): void | Promise<void>;
  /** A tree could not be read: throw to give up, return to go on without it. Without this, the error is thrown. */
  failed?(path: string, tree: Uint8Array, error: unknown): void | Promise<void>;
}

/** The path of an entry as text that loses nothing, see path-text.ts: `toWellFormed()` makes it fit for people. */
export function pathBelow(folder: string, node: Node): string {
  const name = pathToText(node.name);
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** The nodes of one tree, ascending by name, in batches. */
export async function* treeBatches(
  repository: Repository,
  tree: Uint8Array,
): AsyncGenerator<readonly Node[]> {
  const index = await repository.loadIndex();
  const entry = index.find('tree', tree);
  if (entry < 0 || plainLength(index, entry) <= wholeTreeBytes) {
    yield await repository.readTree(tree);
    return;
  }
  let batch: Node[] = [];
  for await (const node of repository.streamTree(tree)) {
    batch.push(node);
    if (batch.length === batchNodes) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Walks everything below the tree `root`, whose entries get paths below `rootPath`. */
export async function walkTree(
  repository: Repository,
  root: Uint8Array,
  visitor: TreeVisitor,
  context: Context,
  rootPath = '/',
): Promise<void> {
  const batches = treeBatches(repository, root);
  for (;;) {
    throwIfAborted(context.signal);
    let batch: readonly Node[];
    try {
      const step = await batches.next();
      if (step.done) return;
      batch = step.value;
    } catch (error) {
      if (!visitor.failed || hasCode(error, 'interrupted')) throw error;
      await visitor.failed(rootPath, root, error);
      return;
    }
    for (const node of batch) {
      const path = pathBelow(rootPath, node);
      const answer = visitor.entry(path, node, root);
      const enter = answer instanceof Promise ? await answer : answer;
      if (node.type !== 'dir' || enter === false) continue;
      await walkTree(repository, subtreeOf(node, path), visitor, context, path);
      await visitor.leave?.(path);
    }
  }
}

/** The tree of a directory. Code `corrupt` where a directory has none. */
export function subtreeOf(node: Node, path: string): Uint8Array {
  if (!node.subtree) throw new HoldfastError('corrupt', `the directory ${path} has no tree`);
  return node.subtree;
}
