/** `holdfast backup` with several vaults: what is a stream is read once for all of them, and one that fails stops no other. */
import { hasCode, HoldfastError, messageOf, throwIfAborted } from '../kernel/errors.ts';
import { backupToArchive } from '../operations/archive/backup.ts';
import type { ArchiveInput } from '../operations/archive/input.ts';
import { databaseInput, optionsForAll, streamInput } from '../operations/archive/input.ts';
import { backup } from '../operations/backup/backup.ts';
import { readForAll } from '../operations/shared-source.ts';
import { isDatabaseUrl } from '../sources/database/drivers.ts';
import { snapshotFolder } from '../sources/database/snapshot-folder.ts';
import type { Source } from '../sources/source.ts';
import { namedDatabase, vaultArtefacts } from './archive/database-inputs.ts';
import { openArchive } from './archive/open.ts';
import { tellArchiveBackup } from './archive/tell-backup.ts';
import { archiveWriteOptions } from './archive/write-options.ts';
import { type ArchiveFlags, refuseNamedStream } from './archive-flags.ts';
import { type BackupFlags, backupRequest, hostOf, streamed } from './backup-options.ts';
import { chosenDatabases } from './database-operand.ts';
import { tellBackupResult, tellItem } from './output/backup.ts';
import { isArchive } from './repository-choice.ts';
import { openChosenRepository } from './session.ts';
import { parseLocalTime } from './values.ts';
import type { Invocation } from './verb.ts';

/** What is read once. */
interface SharedStream {
  /** as snapshots name it */
  readonly path: string;
  readonly source: Source;
  /** what an archive makes of it */
  input(shared: Source): ArchiveInput;
}

interface OpenVault extends AsyncDisposable {
  readonly name: string;
  backUp(stream: SharedStream, shared: Source): Promise<void>;
}

/** Codes `failed` and `incomplete` when a vault has not got all, once the others have. */
export async function runBackupToSeveral(
  invocations: readonly Invocation[],
  operands: readonly string[],
  flags: BackupFlags & ArchiveFlags,
): Promise<void> {
  const [first] = invocations as readonly [Invocation, ...Invocation[]];
  const failures = createFailures(first);
  const isStream = flags.stdin || flags.stdinFromCommand || operands.some(isDatabaseUrl);
  if (!isStream || flags.dryRun) {
    for (const invocation of invocations) {
      await failures.watch(nameOf(invocation), () => runByItself(invocation, operands, flags));
    }
    return failures.end(invocations.length);
  }
  const timeMs = flags.time ? parseLocalTime(flags.time, '--time') : Date.now();
  const isOwn = (invocation: Invocation): boolean =>
    operands.some(isDatabaseUrl) && vaultArtefacts(invocation).length > 0;
  for (const invocation of invocations.filter(isOwn)) {
    await failures.watch(nameOf(invocation), () => runByItself(invocation, operands, flags));
  }
  const together = invocations.filter((invocation) => !isOwn(invocation));
  const streams = together.length === 0 ? [] : await sharedStreams(together, operands, flags, timeMs);
  await using stack = new AsyncDisposableStack();
  const vaults: OpenVault[] = [];
  for (const invocation of together) {
    await failures.watch(nameOf(invocation), async () => {
      const opened = isArchive(invocation.settings.repository)
        ? await openArchiveVault(invocation, flags, timeMs)
        : await openRepositoryVault(invocation, operands, flags, timeMs);
      vaults.push(stack.use(opened));
    });
  }
  for (const stream of vaults.length === 0 ? [] : streams) {
    await readForAll(
      stream.source,
      vaults.map(
        (vault) => (shared: Source) =>
          failures.watch(`${stream.path} to ${vault.name}`, () => vault.backUp(stream, shared)),
      ),
    );
    throwIfAborted(first.context.signal);
  }
  failures.end(invocations.length);
}

function nameOf({ settings }: Invocation): string {
  return settings.vault?.name ?? settings.repository ?? '';
}

async function runByItself(
  invocation: Invocation,
  operands: readonly string[],
  flags: BackupFlags & ArchiveFlags,
): Promise<void> {
  invocation.terminal.say(`${nameOf(invocation)}:`);
  if (isArchive(invocation.settings.repository)) {
    const { runArchiveBackup } = await import('./archive/backup.ts');
    return runArchiveBackup(invocation, operands, flags);
  }
  const { runBackup } = await import('./run-backup.ts');
  await runBackup(invocation, operands, flags);
}

async function sharedStreams(
  invocations: readonly Invocation[],
  operands: readonly string[],
  flags: BackupFlags & ArchiveFlags,
  timeMs: number,
): Promise<readonly SharedStream[]> {
  const [invocation] = invocations as readonly [Invocation, ...Invocation[]];
  const anyArchive = invocations.some(({ settings }) => isArchive(settings.repository));
  if (flags.stdin || flags.stdinFromCommand) {
    refuseNamedStream(flags);
    const { source, path } = streamed(invocation, operands, flags, timeMs);
    return [{ source, path, input: (shared) => streamInput(shared, path, hostOf(invocation, flags)) }];
  }
  if (anyArchive && flags.jobs !== undefined) {
    throw new HoldfastError(
      'usage',
      '--jobs is for repositories: a dump that is one file is read in its order',
    );
  }
  const chosen = (await chosenDatabases(invocation, operands, flags, timeMs))!;
  const { driver, addresses, options: asked } = chosen;
  const options = anyArchive ? optionsForAll(driver, asked) : asked;
  return addresses.map((address) => ({
    path: snapshotFolder(address.folder, options),
    source: address.source(options),
    input: (shared) =>
      databaseInput(driver, address, options, namedDatabase(address, chosen, flags.archiveName), shared),
  }));
}

async function openArchiveVault(
  invocation: Invocation,
  flags: BackupFlags & ArchiveFlags,
  timeMs: number,
): Promise<OpenVault> {
  const archive = await openArchive(invocation, flags);
  const options = archiveWriteOptions(invocation, flags, timeMs);
  return {
    name: nameOf(invocation),
    async backUp(stream, shared) {
      const started = performance.now();
      const result = await backupToArchive(archive, stream.input(shared), options, invocation.context);
      tellArchiveBackup(invocation.terminal, result, (performance.now() - started) / 1000);
    },
    [Symbol.asyncDispose]: () => archive.storage.close(),
  };
}

async function openRepositoryVault(
  invocation: Invocation,
  operands: readonly string[],
  flags: BackupFlags,
  timeMs: number,
): Promise<OpenVault> {
  const { terminal, context } = invocation;
  const { backups } = await backupRequest(invocation, operands, flags);
  const repository = await openChosenRepository(invocation, { prefetch: ['snapshot', 'index'] });
  return {
    name: nameOf(invocation),
    async backUp({ path }, source) {
      const what = { kind: 'source', source, path } as const;
      const result = await backup(repository, { ...backups[0]!, timeMs, what }, context, {
        item: (item) => tellItem(terminal, item),
      });
      tellBackupResult(terminal, result, false);
      if (result.errors > 0) {
        throw new HoldfastError('incomplete', 'at least one source file could not be read');
      }
    },
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}

/** Tells what fails as it does, and at the end that something did. */
function createFailures({ context }: Invocation) {
  const failed: string[] = [];
  let incomplete = true;
  return {
    async watch(what: string, work: () => Promise<void>): Promise<void> {
      try {
        await work();
      } catch (error) {
        throwIfAborted(context.signal);
        failed.push(what);
        incomplete &&= hasCode(error, 'incomplete');
        const hint = error instanceof HoldfastError ? error.hint : undefined;
        context.warn(`${what}: ${messageOf(error)}${hint === undefined ? '' : ` (${hint})`}`);
      }
    },
    end(vaults: number): void {
      if (failed.length === 0) return;
      const code = incomplete ? 'incomplete' : 'failed';
      throw new HoldfastError(code, `not all of the ${vaults} vaults have everything: ${failed.join(', ')}`, {
        hint: 'what is not named is whole; the messages above say what went wrong',
      });
    },
  };
}
