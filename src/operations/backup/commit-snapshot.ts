/** What the snapshot of a backup says, and the write that commits the backup. */
import { toHex } from '../../kernel/hex.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import type { Snapshot, SnapshotSummary } from '../../vaults/repository/format/snapshot.ts';
import { encodeSnapshot } from '../../vaults/repository/format/snapshot.ts';
import { formatTime, timeFromMs } from '../../vaults/repository/format/time.ts';
import type { HeldLock } from '../../vaults/repository/lock.ts';
import type { Repository, SnapshotEntry } from '../../vaults/repository/repository.ts';
import type { PackerStats } from '../../vaults/repository/worker/packer.ts';
import type { BackupOptions } from './backup.ts';
import type { Counters } from './progress.ts';

/** The tag of a snapshot in which items are missing. */
export const incompleteTag = 'incomplete';

/** What has been stored. */
interface StoredBackup {
  readonly tree: Uint8Array;
  readonly paths: readonly string[];
  readonly parent: SnapshotEntry | undefined;
  readonly summary: SnapshotSummary;
  /** milliseconds since 1970-01-01 UTC */
  readonly timeMs: number;
  readonly isIncomplete: boolean;
}

/** The id of the snapshot; of a dry run, which writes none, the one that it would have. */
export async function commitSnapshot(
  repository: Repository,
  held: HeldLock,
  options: Pick<BackupOptions, 'hostname' | 'username' | 'excludes' | 'tags' | 'programVersion' | 'dryRun'>,
  { tree, paths, parent, summary, timeMs, isIncomplete }: StoredBackup,
): Promise<string> {
  const snapshot: Omit<Snapshot, 'timeMs'> = {
    time: formatTime(timeFromMs(timeMs)),
    parent: parent?.id,
    tree: toHex(tree),
    paths: paths.toSorted(),
    hostname: options.hostname,
    username: options.username,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    excludes: options.excludes,
    tags: isIncomplete ? [...new Set([...options.tags, incompleteTag])] : options.tags,
    original: undefined,
    programVersion: options.programVersion,
    summary,
  };
  const json = encodeSnapshot(snapshot);
  if (options.dryRun) return toHex(sha256(json));
  await held.ensure();
  return repository.writeFile('snapshot', json);
}

export function summarize(
  counters: Counters,
  stats: PackerStats,
  startMs: number,
  endMs: number,
): SnapshotSummary {
  const { filesNew, filesChanged, filesUnmodified, dirsNew, dirsChanged, dirsUnmodified } = counters;
  return {
    backupStart: formatTime(timeFromMs(startMs)),
    backupEnd: formatTime(timeFromMs(endMs)),
    filesNew,
    filesChanged,
    filesUnmodified,
    dirsNew,
    dirsChanged,
    dirsUnmodified,
    dataBlobs: stats.dataBlobs,
    treeBlobs: stats.treeBlobs,
    dataAdded: stats.bytesAdded,
    dataAddedPacked: stats.bytesPacked,
    totalFilesProcessed: filesNew + filesChanged + filesUnmodified,
    totalBytesProcessed: counters.bytesProcessed,
  };
}
