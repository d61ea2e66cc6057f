/** Makes whole snapshots of damaged ones: without what is lost of files and directories. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, hasCode, messageOf, throwIfAborted } from '../kernel/errors.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import {
  findSnapshots,
  passOver,
  resolveId,
  type SnapshotFilter,
} from '../vaults/repository/snapshot-filter.ts';
import { rootOf } from '../vaults/repository/tree-path.ts';
import type { BlobWriterOptions } from '../vaults/repository/writer.ts';
import { plainLength } from './blob-set.ts';
import { assertMayRemove } from './may-remove.ts';
import { replaceSnapshot, type SnapshotOutcome } from './replace-snapshot.ts';
import { openSink } from './rewrite.ts';
import { createTreeRewriter, type TreeRules } from './rewrite-tree.ts';

export interface RepairSnapshotsOptions extends BlobWriterOptions {
  readonly filter: SnapshotFilter;
  /** remove the damaged snapshots, and snapshot files named in the filter that cannot be read */
  readonly forget?: boolean;
  readonly dryRun?: boolean;
  onSnapshot?(entry: SnapshotEntry): void;
  onRepair?(repair: Repair): void;
  onOutcome?(entry: SnapshotEntry, outcome: SnapshotOutcome): void;
  /** a snapshot file that cannot be read was removed, or would be */
  onUnreadable?(id: string): void;
}

export interface Repair {
  readonly path: string;
  readonly what:
    | 'removed missing content'
    | 'fixed incorrect size'
    | 'removed node with invalid type'
    | 'replaced with empty directory'
    | 'not readable';
}

/** Needs an exclusive lock and an index that is right. Code `corrupt` for a snapshot file that cannot be read and is not to be removed. */
export async function repairSnapshots(
  repository: Repository,
  options: RepairSnapshotsOptions,
  context: Context,
): Promise<{ readonly modified: number }> {
  const { dryRun = false, forget = false } = options;
  if (forget && !dryRun) await assertMayRemove(repository, context);
  const unreadable: { id: string; error: unknown }[] = [];
  const others = passOver(context);
  const entries = await findSnapshots(repository, options.filter, (id, error) => {
    if (hasCode(error, 'corrupt')) unreadable.push({ id, error });
    else others(id, error);
  });
  let modified = 0;
  for (const { id, error } of unreadable) {
    const fullId = await resolveId(repository, 'snapshot', id);
    if (!forget || !options.filter.ids?.includes(id)) {
      throw new HoldfastError('corrupt', `snapshot file ${fullId} is unreadable: ${messageOf(error)}`, {
        hint: `"holdfast repair snapshots --forget ${fullId}" removes it`,
        cause: error,
      });
    }
    if (!dryRun) await repository.removeFile('snapshot', fullId);
    options.onUnreadable?.(fullId);
    modified++;
  }
  const rules = repairRules(await repository.loadIndex(), options);
  for (const entry of entries) {
    throwIfAborted(context.signal);
    options.onSnapshot?.(entry);
    const { sink, finish } = await openSink(repository, options, context);
    const tree = await createTreeRewriter(repository, sink, rules, context).rewrite(rootOf(entry.snapshot));
    await finish();
    const outcome = await replaceSnapshot(
      repository,
      entry,
      { tree },
      { tag: 'repaired', forget, dryRun, keepEmpty: false },
    );
    if (outcome.kind !== 'unchanged') modified++;
    options.onOutcome?.(entry, outcome);
  }
  return { modified };
}

function repairRules(index: BlobIndex, options: RepairSnapshotsOptions): TreeRules<undefined> {
  const report = (path: string, what: Repair['what']): void => options.onRepair?.({ path, what });
  return {
    root: undefined,
    faithful: false,
    pathless: true,
    entry(path, node) {
      if (node.type === 'irregular') {
        report(path, 'removed node with invalid type');
        return undefined;
      }
      return { node: node.type === 'file' ? repairFile(path, node) : node, state: undefined };
    },
    damaged(path) {
      report(path, path === '/' ? 'not readable' : 'replaced with empty directory');
      return path === '/' ? 'remove' : 'empty';
    },
  };

  function repairFile(path: string, node: Node): Node {
    const ids: Uint8Array[] = [];
    const given = node.content ?? new Uint8Array(0);
    let size = 0;
    for (let at = 0; at < given.length; at += 32) {
      const entry = index.find('data', given, at);
      if (entry < 0) continue;
      ids.push(given.subarray(at, at + 32));
      size += plainLength(index, entry);
    }
    const content = Buffer.concat(ids);
    if (content.length !== given.length) report(path, 'removed missing content');
    else if (size !== node.size) report(path, 'fixed incorrect size');
    return { ...node, content, size };
  }
}
