/** Changes the tags of snapshots: a new snapshot file takes the place of each, and remembers the first one's id. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { encodeSnapshot } from '../vaults/repository/format/snapshot.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { findSnapshots, passOver, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { assertMayRemove } from './may-remove.ts';

export interface TagOptions {
  readonly filter: SnapshotFilter;
  /** replaces all tags; [''] removes them. Not together with `add` and `remove` */
  readonly set?: readonly string[];
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly onChange?: (change: TagChange) => void;
}

export interface TagChange {
  readonly oldId: string;
  readonly newId: string;
}

export interface TagResult {
  readonly changed: readonly TagChange[];
}

/** Needs an exclusive lock. Code `usage` when there is nothing to do, or both to set and to change. */
export async function tag(repository: Repository, options: TagOptions, context: Context): Promise<TagResult> {
  const { set = [], add = [], remove = [] } = options;
  if (set.length + add.length + remove.length === 0) {
    throw new HoldfastError('usage', 'nothing to do: no tags are given', {
      hint: 'name tags with --add, --remove or --set; `--set ""` removes all',
    });
  }
  if (set.length > 0 && add.length + remove.length > 0) {
    throw new HoldfastError('usage', '--set and --add/--remove cannot be given at the same time');
  }
  const changed: TagChange[] = [];
  for (const { id, snapshot } of await findSnapshots(repository, options.filter, passOver(context))) {
    throwIfAborted(context.signal);
    const tags = set.length > 0 ? set.filter((name) => name !== '') : changeTags(snapshot.tags, add, remove);
    if (!tags) continue;
    if (changed.length === 0) await assertMayRemove(repository, context);
    const json = encodeSnapshot({ ...snapshot, tags, original: snapshot.original ?? id });
    const newId = await repository.writeFile('snapshot', json);
    await repository.removeFile('snapshot', id);
    const change = { oldId: id, newId };
    changed.push(change);
    options.onChange?.(change);
  }
  return { changed };
}

/** The new tags in restic's order (a removed one's place is taken by the last); undefined when nothing changes. */
function changeTags(
  tags: readonly string[],
  add: readonly string[],
  remove: readonly string[],
): readonly string[] | undefined {
  const result = [...tags];
  let changed = false;
  for (const name of add) {
    if (result.includes(name)) continue;
    result.push(name);
    changed = true;
  }
  for (const name of remove) {
    const at = result.indexOf(name);
    if (at < 0) continue;
    const last = result.pop()!;
    if (at < result.length) result[at] = last;
    changed = true;
  }
  return changed ? result : undefined;
}
