/** Small files of the last snapshot of a source, for what it wants to do as it did the night before. */
import type { Context } from '../../kernel/context.ts';
import { hasCode } from '../../kernel/errors.ts';
import type { PreviousFile } from '../../sources/source.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { findSnapshots, passOver } from '../../vaults/repository/snapshot-filter.ts';
import { findNode, rootOf } from '../../vaults/repository/tree-path.ts';
import { createContentReader } from '../file-content.ts';

/** Files of the latest snapshot that has this path and host. */
export function previousFiles(
  repository: Repository,
  own: { readonly path: string; readonly hostname: string },
  context: Context,
): PreviousFile {
  return async (path) => {
    const filter = { paths: [own.path], hosts: [own.hostname] };
    const latest = (await findSnapshots(repository, filter, passOver(context))).at(-1);
    if (!latest) return undefined;
    await repository.loadIndex();
    try {
      const node = await findNode(repository, rootOf(latest.snapshot), path);
      if (node?.type !== 'file') return undefined;
      return Buffer.concat(await Array.fromAsync(createContentReader(repository, context).read(node, path)));
    } catch (error) {
      if (hasCode(error, 'not-found')) return undefined;
      throw error;
    }
  };
}
