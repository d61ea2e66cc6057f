/** Runs a backup: opens (or makes) the repository while files are being listed already, and tells how it goes. */
import { hasCode, HoldfastError, messageOf } from '../kernel/errors.ts';
import type { BackupOptions, BackupResult } from '../operations/backup/backup.ts';
import { backup } from '../operations/backup/backup.ts';
import type { BackupProgress } from '../operations/backup/progress.ts';
import type { Scan } from '../operations/scan/scan.ts';
import { startScan } from '../operations/scan/scan.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import type { BackupFlags } from './backup-options.ts';
import { backupRequest } from './backup-options.ts';
import type { CreatedRepository } from './create-repository.ts';
import { keyFileNotice, openOrCreateDefault } from './create-repository.ts';
import type { BackupTotals } from './output/backup.ts';
import {
  backupStatusJson,
  backupStatusLines,
  tellBackupResult,
  tellItem,
  tellScan,
} from './output/backup.ts';
import type { Progress } from './output/progress.ts';
import { progressInterval, startProgress } from './output/progress.ts';
import { shortId } from './output/snapshots.ts';
import { openChosenRepository } from './session.ts';
import type { Invocation } from './verb.ts';

export async function runBackup(
  invocation: Invocation,
  operands: readonly string[],
  flags: BackupFlags,
): Promise<void> {
  const { backups, ofServer, missing } = await backupRequest(invocation, operands, flags);
  const dryRun = flags.dryRun ?? false;
  let created: CreatedRepository | undefined;
  const session = { prefetch: ['snapshot', 'index'] } as const;
  const opening = dryRun
    ? openChosenRepository(invocation, session)
    : openOrCreateDefault(invocation, session, (made) => {
        created = made;
        tellCreated(invocation, made);
      });
  opening.catch(() => {});
  try {
    if (ofServer) return await backUpEach(invocation, opening, backups, flags);
    const result = await backUpOne(invocation, opening, backups[0]!, flags);
    if (created && result.id && !dryRun) tellNextSteps(invocation, result.id);
    if (result.errors > 0 || missing > 0) {
      throw new HoldfastError('incomplete', 'at least one source file could not be read', {
        hint: 'the snapshot holds everything else; the messages above name what is missing',
      });
    }
  } finally {
    await opening.then(
      (repository: Repository) => repository[Symbol.asyncDispose](),
      () => {},
    );
  }
}

/** Several databases, one after the other: one that fails does not keep the others from their snapshots. */
async function backUpEach(
  invocation: Invocation,
  opening: Promise<Repository>,
  backups: readonly BackupOptions[],
  flags: BackupFlags,
): Promise<void> {
  const { terminal, context } = invocation;
  await opening;
  const failed: string[] = [];
  for (const options of backups) {
    const path = pathOf(options);
    if (terminal.json) terminal.emit({ message_type: 'database', path });
    else terminal.say(path);
    try {
      await backUpOne(invocation, opening, options, flags);
    } catch (error) {
      if (context.signal.aborted || hasCode(error, 'interrupted')) throw error;
      failed.push(path);
      tellItem(terminal, {
        kind: 'problem',
        path: Buffer.from(path),
        message: explained(error),
        lost: true,
      });
    }
    terminal.say('');
  }
  if (failed.length === 0) return;
  throw new HoldfastError(
    'failed',
    `${failed.length} of ${backups.length} databases are not backed up: ${failed.join(', ')}`,
    {
      hint:
        failed.length === backups.length
          ? 'the messages above say what went wrong'
          : 'the others have their snapshots; the messages above say what went wrong',
    },
  );
}

/** The message of an error with its hint, on one line. */
function explained(error: unknown): string {
  const hint = error instanceof HoldfastError ? error.hint : undefined;
  return hint === undefined ? messageOf(error) : `${messageOf(error)} (${hint})`;
}

function pathOf({ what }: BackupOptions): string {
  return what.kind === 'source' ? what.path : '';
}

async function backUpOne(
  invocation: Invocation,
  opening: Promise<Repository>,
  options: BackupOptions,
  flags: BackupFlags,
): Promise<BackupResult> {
  const { terminal, environment, context } = invocation;
  let progress: Progress | undefined;
  let totals: BackupTotals | undefined;
  const scan = scanFor(invocation, options, flags, (counted) => (totals = counted));
  try {
    const result = await backup(opening, options, context, {
      started(read: () => BackupProgress) {
        progress = startProgress(terminal, environment, {
          lines: (elapsed) => backupStatusLines(read(), totals, elapsed),
          json: (elapsed) => backupStatusJson(read(), totals, elapsed),
        });
      },
      parent(parent) {
        if (options.what.kind === 'source') return;
        const id = parent && shortId(parent.id);
        terminal.say(id ? `using parent snapshot ${id}` : 'no parent snapshot found, will read all files');
      },
      item: (item) => tellItem(terminal, item),
    });
    progress?.done();
    tellBackupResult(terminal, result, options.dryRun);
    const { platformLimits } = await import('../sources/files/platform-limits.ts');
    const limits = options.what.kind === 'files' ? platformLimits() : undefined;
    if (limits !== undefined) context.warn(limits);
    if (options.profile) terminal.complain(profileLine(result));
    return result;
  } finally {
    progress?.done();
    await scan?.[Symbol.asyncDispose]();
  }
}

/** One JSON object: seconds by stage over all workers, and what they did. */
function profileLine({ profile, stats }: BackupResult): string {
  const seconds = Object.entries(profile).map(([stage, ms]) => [stage, Math.round(ms) / 1000]);
  return JSON.stringify({ message_type: 'profile', seconds: Object.fromEntries(seconds) as unknown, stats });
}

/** Counts beside the backup, where somebody watches how far it is. */
function scanFor(
  { terminal, environment }: Invocation,
  { what }: BackupOptions,
  flags: BackupFlags,
  onTotals: (totals: BackupTotals) => void,
): Scan | undefined {
  const watched = progressInterval(terminal, environment) > 0;
  if (!watched || !flags.scan || what.kind !== 'files') return undefined;
  const scan = startScan(what.paths, what.selection);
  const started = performance.now();
  scan.finished.then(
    (count) => {
      onTotals({ ...count });
      tellScan(terminal, count, (performance.now() - started) / 1000);
    },
    () => {},
  );
  return scan;
}

function tellCreated({ terminal }: Invocation, { repository, keyFile }: CreatedRepository): void {
  const { location } = repository.storage;
  if (terminal.json) {
    const key = keyFile ? { key_file: keyFile } : {};
    terminal.emit({ message_type: 'initialized', id: repository.config.id, repository: location, ...key });
    return;
  }
  terminal.say(`nothing is configured: created a repository of your own at ${location}`);
  if (keyFile) for (const line of keyFileNotice(keyFile)) terminal.say(line);
}

function tellNextSteps({ terminal, environment }: Invocation, id: string): void {
  // who came by npx has no `holdfast` on the PATH
  const program = environment['npm_command'] === 'exec' ? 'npx holdfast' : 'holdfast';
  terminal.say('');
  terminal.say(`list your snapshots:  ${program} snapshots`);
  terminal.say(`see what is in it:    ${program} ls ${shortId(id)}`);
  terminal.say(`get it back:          ${program} restore ${shortId(id)} --target DIRECTORY`);
}
