/** `holdfast backup` to an archive. */
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { backupToArchive } from '../../operations/archive/backup.ts';
import type { ArchiveInput } from '../../operations/archive/input.ts';
import { filesInput } from '../../operations/archive/files-input.ts';
import { streamInput } from '../../operations/archive/input.ts';
import { commandSource, streamSource } from '../../sources/streams/stream-source.ts';
import type { Archive } from '../../vaults/archive/archive.ts';
import { type ArchiveFlags, refuseNamedStream } from '../archive-flags.ts';
import { type BackupFlags, chosenFiles, hostOf } from '../backup-options.ts';
import { chosenDatabases } from '../database-operand.ts';
import { tellItem } from '../output/backup.ts';
import { parseLocalTime } from '../values.ts';
import type { Invocation } from '../verb.ts';
import { databaseInputs } from './database-inputs.ts';
import { withArchive } from './open.ts';
import { tellArchiveBackup } from './tell-backup.ts';
import { archiveWriteOptions } from './write-options.ts';

export async function runArchiveBackup(
  invocation: Invocation,
  operands: readonly string[],
  flags: BackupFlags & ArchiveFlags,
): Promise<void> {
  const timeMs = flags.time ? parseLocalTime(flags.time, '--time') : undefined;
  const { inputs, missing } = await archiveInputs(invocation, operands, flags, timeMs);
  await withArchive(invocation, flags, async (archive) => {
    const failed: string[] = [];
    for (const input of inputs) {
      try {
        const incomplete = await backUpOne(invocation, archive, input, flags, timeMs);
        if (incomplete || missing > 0) {
          throw new HoldfastError('incomplete', 'at least one source file could not be read', {
            hint: 'the archive has everything else; the messages above name what is missing',
          });
        }
      } catch (error) {
        if (inputs.length === 1 || hasCode(error, 'interrupted')) throw error;
        const [path = ''] = input.source.paths;
        failed.push(path);
        invocation.context.warn(`${path} is not backed up: ${messageOf(error)}`);
      }
    }
    if (failed.length === 0) return;
    throw new HoldfastError('failed', `${failed.length} of ${inputs.length} databases are not backed up`, {
      hint:
        failed.length === inputs.length
          ? 'the messages above say what went wrong'
          : 'the others are; the messages above say what went wrong',
    });
  });
}

async function archiveInputs(
  invocation: Invocation,
  operands: readonly string[],
  flags: BackupFlags & ArchiveFlags,
  timeMs: number | undefined,
): Promise<{ readonly inputs: readonly ArchiveInput[]; readonly missing: number }> {
  const host = hostOf(invocation, flags);
  if (flags.stdin || flags.stdinFromCommand) {
    refuseNamedStream(flags);
    const options = { filename: flags.stdinFilename, modified: new Date(timeMs ?? Date.now()) };
    const source = flags.stdinFromCommand
      ? commandSource(operands, options, (line) => invocation.terminal.complain(line))
      : streamSource('standard input', invocation.stdin(), options);
    return { inputs: [streamInput(source, flags.stdinFilename, host)], missing: 0 };
  }
  if (flags.jobs !== undefined) {
    throw new HoldfastError(
      'usage',
      '--jobs is for repositories: a dump that is one file is read in its order',
    );
  }
  const chosen = await chosenDatabases(invocation, operands, flags, timeMs);
  if (!chosen) {
    const { what, missing } = await chosenFiles(invocation, operands, flags);
    const problem = (path: Uint8Array, message: string, lost: boolean): void =>
      tellItem(invocation.terminal, { kind: 'problem', path, message, lost });
    const warn = (message: string): void => invocation.context.warn(message);
    const { archiveName, sqliteConsistent = false } = flags;
    const named = archiveName === undefined ? {} : { named: { host: '', database: archiveName } };
    return {
      inputs: [filesInput(what, { host, ...named, sqliteConsistent, problem, warn })],
      missing,
    };
  }
  return { inputs: await databaseInputs(invocation, chosen, flags.archiveName), missing: 0 };
}

/** True when something is missing in it. */
async function backUpOne(
  invocation: Invocation,
  archive: Archive,
  input: ArchiveInput,
  flags: BackupFlags & ArchiveFlags,
  timeMs: number | undefined,
): Promise<boolean> {
  const { terminal, context } = invocation;
  if (flags.dryRun) {
    const { host, database } = input.source;
    terminal.say(
      `would back up ${[host, database].filter(Boolean).join('-')} to ${archive.storage.location}`,
    );
    return false;
  }
  const started = performance.now();
  const result = await backupToArchive(
    archive,
    input,
    archiveWriteOptions(invocation, flags, timeMs),
    context,
  );
  tellArchiveBackup(terminal, result, (performance.now() - started) / 1000);
  return result.incomplete;
}
