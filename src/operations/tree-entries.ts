/** The entries below a tree as a stream to be pulled, each directory before what it holds. */
import type { Context } from '../kernel/context.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { pathBelow, subtreeOf, treeBatches } from './tree-walk.ts';

export interface TreeEntry {
  /** text as path-text.ts has it */
  readonly path: string;
  readonly node: Node;
}

export async function* treeEntries(
  repository: Repository,
  root: Uint8Array,
  rootPath: string,
  context: Context,
): AsyncGenerator<TreeEntry> {
  for await (const batch of treeBatches(repository, root)) {
    for (const node of batch) {
      throwIfAborted(context.signal);
      const path = pathBelow(rootPath, node);
      yield { path, node };
      if (node.type === 'dir') yield* treeEntries(repository, subtreeOf(node, path), path, context);
    }
  }
}
