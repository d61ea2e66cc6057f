/** Puts a changed snapshot beside, or in the place of, the one that it was made from. */
import { toHex } from '../kernel/hex.ts';
import { encodeSnapshot, type Snapshot, type SnapshotSummary } from '../vaults/repository/format/snapshot.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';

export interface SnapshotChange {
  /** undefined: nothing is left of it */
  readonly tree: Uint8Array | undefined;
  readonly summary?: SnapshotSummary | undefined;
  /** further fields that were asked for; any at all make it a new snapshot */
  readonly fields?: Partial<Pick<Snapshot, 'hostname' | 'time'>>;
}

export interface ReplaceOptions {
  /** added unless the old snapshot is removed */
  readonly tag: string;
  /** remove the old snapshot */
  readonly forget: boolean;
  readonly dryRun: boolean;
  /** leave a snapshot alone of which nothing would be left; otherwise it is removed */
  readonly keepEmpty: boolean;
}

/**
 * unchanged; removed: nothing was left of it; replaced: there is a new one, whose id a dry run does not know, and the old
 * one is gone when `forget` is true.
 */
export type SnapshotOutcome =
  | { readonly kind: 'unchanged' | 'removed' }
  | { readonly kind: 'replaced'; readonly newId: string | undefined; readonly forget: boolean };

/** Everything the new tree needs must be stored and indexed already: the snapshot is the commit. */
export async function replaceSnapshot(
  repository: Repository,
  { id, snapshot }: SnapshotEntry,
  { tree, summary, fields }: SnapshotChange,
  { tag, forget, dryRun, keepEmpty }: ReplaceOptions,
): Promise<SnapshotOutcome> {
  if (!tree) {
    if (keepEmpty) return { kind: 'unchanged' };
    if (!dryRun) await repository.removeFile('snapshot', id);
    return { kind: 'removed' };
  }
  const treeId = toHex(tree);
  if (treeId === snapshot.tree && !fields && (!summary || sameSummary(summary, snapshot.summary))) {
    return { kind: 'unchanged' };
  }
  if (dryRun) return { kind: 'replaced', newId: undefined, forget };
  const tags = forget || snapshot.tags.includes(tag) ? snapshot.tags : [...snapshot.tags, tag];
  const changed = { ...snapshot, ...fields, tree: treeId, tags, original: id };
  const json = encodeSnapshot(summary ? { ...changed, summary } : changed);
  const newId = await repository.writeFile('snapshot', json);
  if (forget && newId !== id) await repository.removeFile('snapshot', id);
  return { kind: 'replaced', newId, forget };
}

function sameSummary(a: SnapshotSummary, b: SnapshotSummary | undefined): boolean {
  return (
    b !== undefined && Object.entries(a).every(([name, value]) => b[name as keyof SnapshotSummary] === value)
  );
}
