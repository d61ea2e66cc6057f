/** Finds what writers that were killed left in a repository: files under temporary names, ours and restic's. */
import type { Context } from '../kernel/context.ts';
import type { Leftover } from '../storage/storage.ts';
import { fileName, folderOf, idOfName, type FileKind } from '../vaults/repository/files.ts';
import type { Repository } from '../vaults/repository/repository.ts';

const kinds: readonly FileKind[] = ['pack', 'index', 'snapshot', 'lock', 'key'];

/** No writer is silent for so long, and no two clocks are so far apart. */
const certainlyDeadMs = 24 * 60 * 60 * 1000;

/** Leftovers under foreign names are nobody's to remove. */
export async function* findLeftovers({ storage }: Repository, context: Context): AsyncGenerator<Leftover> {
  const before = context.clock.now() - certainlyDeadMs;
  for (const kind of kinds) {
    const found = storage.leftovers?.(folderOf(kind), before, { signal: context.signal }) ?? [];
    for await (const leftover of found) {
      const id = idOfName(leftover.name);
      if (id !== undefined && leftover.name === fileName(kind, id)) yield leftover;
    }
  }
}
