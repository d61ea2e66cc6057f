/** How a restore is told: restic's lines for people, restic's JSON for programs. */
import type { RestoreProgress } from '../../operations/restore/engine.ts';
import type { RestoreEvent } from '../../operations/restore/protocol.ts';
import { formatBytes, formatSeconds, quoteUnprintable } from './format.ts';
import { progressLine } from './progress-line.ts';
import type { Terminal } from './terminal.ts';

/** The moving line: how far, how fast, how long still. */
export function restoreStatusLine(progress: RestoreProgress, elapsedMs: number): string {
  const { filesRestored, filesTotal, bytesRestored, bytesTotal, bytesSkipped } = progress;
  return progressLine({
    elapsedMs,
    bytes: bytesRestored,
    totalBytes: bytesTotal,
    skippedBytes: bytesSkipped,
    counts: `${filesRestored} of ${Math.max(filesRestored, filesTotal)} files and folders${extras(progress)}`,
  });
}

/** restic's status object. */
export function restoreStatusJson(progress: RestoreProgress, elapsedMs: number): object {
  const { bytesRestored, bytesTotal } = progress;
  return {
    message_type: 'status',
    ...countsJson(progress, elapsedMs),
    percent_done: bytesTotal > 0 ? bytesRestored / bytesTotal : 0,
  };
}

/** Tells what happened to one entry; problems always, the rest when it was asked for. */
export function tellRestoreEvent(terminal: Terminal, event: RestoreEvent): void {
  if (event.kind === 'problem') {
    if (terminal.json) {
      const error = { message: event.message };
      terminal.emitError({ message_type: 'error', error, during: 'restore', item: event.path });
    } else terminal.complain(`error: ${quoteUnprintable(event.path)}: ${event.message}`);
    return;
  }
  if (terminal.json) {
    const { action, path, size } = event;
    terminal.emit({ message_type: 'verbose_status', action, item: path, size });
    return;
  }
  const sized = event.what === 'file' && event.action !== 'deleted';
  const size = sized ? ` with size ${formatBytes(event.size)}` : '';
  terminal.result(`${event.action.padEnd(9)} ${quoteUnprintable(event.path)}${size}`);
}

/** The last line of a restore. */
export function tellRestoreResult(
  terminal: Terminal,
  result: RestoreProgress,
  elapsedMs: number,
  dryRun: boolean,
): void {
  if (terminal.json) {
    const dry = dryRun ? { dry_run: true } : {};
    return terminal.emit({ message_type: 'summary', ...countsJson(result, elapsedMs), ...dry });
  }
  const { filesRestored, filesTotal, bytesRestored, bytesTotal } = result;
  // folders on the way to what was chosen are restored, too, and not in the total
  const whole = filesRestored >= filesTotal && bytesRestored === bytesTotal;
  const counts = whole
    ? `${filesRestored} files/dirs (${formatBytes(bytesTotal)})`
    : `${filesRestored} / ${filesTotal} files/dirs (${formatBytes(bytesRestored)} / ${formatBytes(bytesTotal)})`;
  const time = formatSeconds(elapsedMs / 1000);
  const verb = dryRun ? 'Would restore' : 'Restored';
  terminal.say(`Summary: ${verb} ${counts} in ${time}${extras(result)}`);
}

function extras({ filesSkipped, bytesSkipped, filesDeleted }: RestoreProgress): string {
  const skipped = filesSkipped > 0 ? `, skipped ${filesSkipped} files/dirs ${formatBytes(bytesSkipped)}` : '';
  return filesDeleted > 0 ? `${skipped}, deleted ${filesDeleted} files/dirs` : skipped;
}

function countsJson(progress: RestoreProgress, elapsedMs: number): object {
  return {
    seconds_elapsed: Math.floor(elapsedMs / 1000) || undefined,
    total_files: progress.filesTotal || undefined,
    files_restored: progress.filesRestored || undefined,
    files_skipped: progress.filesSkipped || undefined,
    files_deleted: progress.filesDeleted || undefined,
    total_bytes: progress.bytesTotal || undefined,
    bytes_restored: progress.bytesRestored || undefined,
    bytes_skipped: progress.bytesSkipped || undefined,
  };
}
