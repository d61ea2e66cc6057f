/** How a backup is told: restic's lines for people, restic's JSON for programs. */
import type { BackupResult } from '../../operations/backup/backup.ts';
import type { BackupProgress } from '../../operations/backup/progress.ts';
import type { ItemEvent, StoredItem } from '../../operations/backup/protocol.ts';
import type { SnapshotSummary } from '../../vaults/repository/format/snapshot.ts';
import { formatBytes, formatSeconds, plural, quoteUnprintable } from './format.ts';
import { progressLine } from './progress-line.ts';
import { shortId } from './snapshots.ts';
import type { Terminal } from './terminal.ts';

/** What there is to do. */
export interface BackupTotals {
  readonly files: number;
  readonly bytes: number;
}

/** The moving lines: how far, how fast, how long still, and what is being read. */
export function backupStatusLines(
  progress: BackupProgress,
  totals: BackupTotals | undefined,
  elapsedMs: number,
): string[] {
  const files = filesDone(progress);
  const head = progressLine({
    elapsedMs,
    bytes: progress.bytesSeen,
    totalBytes: totals?.bytes,
    errors: progress.errors,
    counts: totals ? `${files} of ${totals.files} files` : plural(files, 'file'),
  });
  return [head, ...progress.currentFiles.toSorted().map(quoteUnprintable)];
}

/** restic's status object. */
export function backupStatusJson(
  progress: BackupProgress,
  totals: BackupTotals | undefined,
  elapsedMs: number,
): object {
  const seconds = elapsedMs / 1000;
  const bytes = progress.bytesSeen;
  const left = totals ? secondsLeft(bytes, totals.bytes, seconds) : undefined;
  const files = progress.currentFiles.toSorted();
  return {
    message_type: 'status',
    seconds_elapsed: Math.floor(seconds) || undefined,
    seconds_remaining: left ? Math.floor(left) : undefined,
    percent_done: totals && totals.bytes > 0 ? Math.min(1, bytes / totals.bytes) : 0,
    total_files: totals?.files || undefined,
    files_done: filesDone(progress) || undefined,
    total_bytes: totals?.bytes || undefined,
    bytes_done: bytes || undefined,
    error_count: progress.errors || undefined,
    current_files: files.length > 0 ? files : undefined,
  };
}

/** Tells what happened to one item; problems always, the rest when it was asked for. */
export function tellItem(terminal: Terminal, item: ItemEvent): void {
  if (item.kind === 'stored') return tellStored(terminal, item);
  const path = item.kind === 'problem' ? Buffer.from(item.path).toString() : '';
  if (terminal.json) {
    terminal.emitError({
      message_type: 'error',
      error: { message: item.message },
      during: 'archival',
      item: path,
    });
    return;
  }
  const lost = item.kind === 'problem' && item.lost;
  const named = path !== '' && !item.message.includes(path) ? `${quoteUnprintable(path)}: ` : '';
  terminal.complain(`${lost ? 'error' : 'warning'}: ${named}${item.message}`);
}

/** Everything is counted. */
export function tellScan(terminal: Terminal, { files, bytes }: BackupTotals, seconds: number): void {
  if (!terminal.json) {
    return terminal.detail(`scan finished in ${seconds.toFixed(3)}s: ${files} files, ${formatBytes(bytes)}`);
  }
  if (terminal.verbosity < 2) return;
  const found = { ...noSizes, duration: seconds, data_size: bytes, total_files: files };
  terminal.emit({ message_type: 'verbose_status', action: 'scan_finished', item: '', ...found });
}

/** The last lines of a backup. */
export function tellBackupResult(terminal: Terminal, result: BackupResult, dryRun: boolean): void {
  const { summary, id } = result;
  if (terminal.json) return terminal.emit(summaryJson(summary, id, dryRun));
  const count = (n: number): string => String(n).padStart(5);
  const { filesNew, filesChanged, filesUnmodified, dirsNew, dirsChanged, dirsUnmodified } = summary;
  terminal.say('');
  terminal.say(
    `Files:       ${count(filesNew)} new, ${count(filesChanged)} changed, ${count(filesUnmodified)} unmodified`,
  );
  terminal.say(
    `Dirs:        ${count(dirsNew)} new, ${count(dirsChanged)} changed, ${count(dirsUnmodified)} unmodified`,
  );
  terminal.detail(`Data Blobs:  ${count(summary.dataBlobs)} new`);
  terminal.detail(`Tree Blobs:  ${count(summary.treeBlobs)} new`);
  const verb = dryRun ? 'Would add' : 'Added';
  const stored = formatBytes(summary.dataAddedPacked);
  terminal.say(`${verb} to the repository: ${formatBytes(summary.dataAdded)} (${stored} stored)`);
  terminal.say('');
  const time = formatSeconds(durationOf(summary));
  const bytes = formatBytes(summary.totalBytesProcessed);
  terminal.say(`processed ${summary.totalFilesProcessed} files, ${bytes} in ${time}`);
  if (!dryRun) terminal.say(id ? `snapshot ${shortId(id)} saved` : 'skipped creating snapshot');
}

function tellStored(terminal: Terminal, item: StoredItem): void {
  const path = Buffer.from(item.path).toString();
  const action = item.action === 'changed' ? 'modified' : item.action === 'new' ? 'new' : 'unchanged';
  if (terminal.json) {
    if (action === 'unchanged') {
      terminal.emit({ message_type: 'verbose_status', action, item: path, ...noSizes });
      return;
    }
    terminal.emit({
      message_type: 'verbose_status',
      action,
      item: path,
      duration: item.seconds,
      data_size: item.dataSize,
      data_size_in_repo: item.dataSizeInRepo,
      metadata_size: item.metadataSize,
      metadata_size_in_repo: item.metadataSizeInRepo,
      total_files: 0,
    });
    return;
  }
  const name = quoteUnprintable(path);
  if (action === 'unchanged') return terminal.trace(`unchanged ${name}`);
  const metadata = item.isDirectory ? `, ${formatBytes(item.metadataSizeInRepo)} metadata` : '';
  const sizes = `${formatBytes(item.dataSize)} added, ${formatBytes(item.dataSizeInRepo)} stored${metadata}`;
  terminal.trace(`${action.padEnd(9)} ${name}, saved in ${item.seconds.toFixed(3)}s (${sizes})`);
}

const noSizes = {
  duration: 0,
  data_size: 0,
  data_size_in_repo: 0,
  metadata_size: 0,
  metadata_size_in_repo: 0,
  total_files: 0,
};

function summaryJson(summary: SnapshotSummary, id: string | undefined, dryRun: boolean): object {
  return {
    message_type: 'summary',
    files_new: summary.filesNew,
    files_changed: summary.filesChanged,
    files_unmodified: summary.filesUnmodified,
    dirs_new: summary.dirsNew,
    dirs_changed: summary.dirsChanged,
    dirs_unmodified: summary.dirsUnmodified,
    data_blobs: summary.dataBlobs,
    tree_blobs: summary.treeBlobs,
    data_added: summary.dataAdded,
    data_added_packed: summary.dataAddedPacked,
    total_files_processed: summary.totalFilesProcessed,
    total_bytes_processed: summary.totalBytesProcessed,
    total_duration: durationOf(summary),
    backup_start: summary.backupStart,
    backup_end: summary.backupEnd,
    snapshot_id: id,
    dry_run: dryRun || undefined,
  };
}

function filesDone(progress: BackupProgress): number {
  return progress.filesNew + progress.filesChanged + progress.filesUnmodified;
}

/** Undefined while nothing can be said. */
function secondsLeft(done: number, total: number, seconds: number): number | undefined {
  return seconds < 1 || done <= 0 || done >= total ? undefined : ((total - done) * seconds) / done;
}

function durationOf(summary: SnapshotSummary): number {
  return (Date.parse(summary.backupEnd) - Date.parse(summary.backupStart)) / 1000;
}
