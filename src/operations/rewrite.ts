/** Makes new snapshots of old ones: without some files, or with only some, with another host or time, or with a summary. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import {
  createRestoreFilter,
  type FilterState,
  type RestoreFilter,
  type RestoreFilterOptions,
} from '../sources/files/restore-filter.ts';
import type { Time } from '../vaults/repository/format/node.ts';
import type { Snapshot, SnapshotSummary } from '../vaults/repository/format/snapshot.ts';
import { formatTime, zeroTime } from '../vaults/repository/format/time.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import { findSnapshots, passOver, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { rootOf } from '../vaults/repository/tree-path.ts';
import { type BlobWriterOptions, createBlobWriter } from '../vaults/repository/writer.ts';
import { assertMayRemove } from './may-remove.ts';
import { replaceSnapshot, type SnapshotChange, type SnapshotOutcome } from './replace-snapshot.ts';
import { createTreeRewriter, hashOnly, type TreeRules, type TreeSink } from './rewrite-tree.ts';

export interface RewriteOptions extends BlobWriterOptions {
  readonly filter: SnapshotFilter;
  /** excludes or includes, not both */
  readonly patterns: RestoreFilterOptions;
  readonly newHost?: string;
  readonly newTime?: Time;
  /** write a summary of files and bytes where there is none, or a wrong one */
  readonly snapshotSummary?: boolean;
  /** remove the old snapshots; needs an exclusive lock */
  readonly forget?: boolean;
  readonly dryRun?: boolean;
  onSnapshot?(entry: SnapshotEntry): void;
  /** an entry (with all below it) that the new snapshot does not have, or with includes one that it has */
  onPath?(path: string, what: 'excluding' | 'including'): void;
  onOutcome?(entry: SnapshotEntry, outcome: SnapshotOutcome): void;
}

export interface RewriteResult {
  /** number of snapshots that were replaced or removed, or would be */
  readonly modified: number;
}

const noSummary: SnapshotSummary = {
  backupStart: formatTime(zeroTime),
  backupEnd: formatTime(zeroTime),
  filesNew: 0,
  filesChanged: 0,
  filesUnmodified: 0,
  dirsNew: 0,
  dirsChanged: 0,
  dirsUnmodified: 0,
  dataBlobs: 0,
  treeBlobs: 0,
  dataAdded: 0,
  dataAddedPacked: 0,
  totalFilesProcessed: 0,
  totalBytesProcessed: 0,
};

/** Codes `usage` when there is nothing to change, `corrupt`, and `unsupported` for a tree that cannot be written again as it is. */
export async function rewrite(
  repository: Repository,
  options: RewriteOptions,
  context: Context,
): Promise<RewriteResult> {
  const filter = createRestoreFilter(options.patterns);
  const fields = newFields(options);
  const walks = !filter.everything || options.snapshotSummary === true;
  if (!walks && !fields) {
    throw new HoldfastError(
      'usage',
      'nothing to do: no excludes/includes provided and no new metadata provided',
    );
  }
  const { dryRun = false, forget = false } = options;
  if (forget && !dryRun) await assertMayRemove(repository, context);
  const including = options.patterns.includes.length + options.patterns.insensitiveIncludes.length > 0;
  let modified = 0;
  for (const entry of await findSnapshots(repository, options.filter, passOver(context))) {
    throwIfAborted(context.signal);
    options.onSnapshot?.(entry);
    const change = walks
      ? await filterSnapshot(repository, entry, filter, including, options, context)
      : { tree: rootOf(entry.snapshot) };
    const outcome = await replaceSnapshot(
      repository,
      entry,
      { ...change, ...(fields && { fields }) },
      { tag: 'rewrite', forget, dryRun, keepEmpty: including },
    );
    if (outcome.kind !== 'unchanged') modified++;
    options.onOutcome?.(entry, outcome);
  }
  return { modified };
}

/** The filtered tree, stored, and the summary that fits it. */
async function filterSnapshot(
  repository: Repository,
  { snapshot }: SnapshotEntry,
  filter: RestoreFilter,
  including: boolean,
  options: RewriteOptions,
  context: Context,
): Promise<SnapshotChange> {
  let files = 0;
  let bytes = 0;
  const rules: TreeRules<FilterState> = {
    root: filter.root,
    faithful: true,
    pathless: false,
    entry(path, node, from) {
      const state = filter.enter(from, node.name);
      const kept = state.selected || (including && node.type === 'dir' && state.childMayBeSelected);
      if (including ? kept && node.type !== 'dir' : !kept)
        options.onPath?.(path, including ? 'including' : 'excluding');
      if (!kept) return undefined;
      if (node.type === 'file') {
        files++;
        bytes += node.size;
      }
      return { node, state };
    },
    keepEmpty: (_path, state) => !including || state.selected,
  };
  const { sink, finish } = await openSink(repository, options, context);
  const tree = await createTreeRewriter(repository, sink, rules, context).rewrite(rootOf(snapshot));
  await finish();
  const counted = { totalFilesProcessed: files, totalBytesProcessed: bytes };
  return { tree, summary: { ...(snapshot.summary ?? noSummary), ...counted } };
}

/** Where new trees go, and what makes them last; nowhere in a dry run. */
export async function openSink(
  repository: Repository,
  options: BlobWriterOptions & { readonly dryRun?: boolean },
  context: Context,
): Promise<{ sink: TreeSink; finish(): Promise<void> }> {
  if (options.dryRun) return { sink: hashOnly, finish: async () => {} };
  const writer = await createBlobWriter(repository, options, context);
  return {
    sink: async (tree) => (await writer.put('tree', tree)).id,
    async finish() {
      await writer.finish();
    },
  };
}

function newFields({ newHost, newTime }: RewriteOptions): Partial<Snapshot> | undefined {
  if (!newHost && !newTime) return undefined;
  return { ...(newHost && { hostname: newHost }), ...(newTime && { time: formatTime(newTime) }) };
}
