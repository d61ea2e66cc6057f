/** `holdfast restore` of an archive: a dump into a database, or files into a folder. */
import { HoldfastError } from '../../kernel/errors.ts';
import { chooseArtefact, findArchiveSnapshot, formOf } from '../../operations/archive/find.ts';
import { extractFile } from '../../operations/archive/extract.ts';
import { extractTree } from '../../operations/archive/extract-tree.ts';
import { openArchivedDump } from '../../operations/archive/stored-dump.ts';
import type { StoredArtefact } from '../../vaults/archive/archive.ts';
import type { Archive } from '../../vaults/archive/archive.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import type { RestoreFlags } from '../commands/restore.ts';
import { setting } from '../environment.ts';
import { formatBytes, plural } from '../output/format.ts';
import { tellRestoreEvent } from '../output/restore.ts';
import { readPatterns } from '../pattern-flags.ts';
import { restoreInto } from '../run-restore-database.ts';
import { snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation } from '../verb.ts';
import { withArchive } from './open.ts';

export async function runArchiveRestore(
  invocation: Invocation,
  [id, named, ...more]: readonly string[],
  flags: RestoreFlags & ArchiveFlags,
): Promise<void> {
  const { environment, context } = invocation;
  if (id === undefined || more.length > 0) {
    throw new HoldfastError(
      'usage',
      'restore takes a snapshot of an archive, and one of its files where it has several',
    );
  }
  if (flags.mask !== undefined) {
    throw new HoldfastError('usage', '--mask is for repositories', {
      hint: 'restore into a database of your own, or back up with --mask',
    });
  }
  if ((flags.to === undefined) === (flags.target === undefined)) {
    throw new HoldfastError('usage', 'restore needs a database or a folder', {
      hint: 'name a database with --to, or a folder with --target',
    });
  }
  await withArchive(invocation, flags, async (archive) => {
    const filter = snapshotFilter(flags, environment);
    const snapshot = await findArchiveSnapshot(archive, id, filter, context);
    const artefact = chooseArtefact(snapshot, { named });
    if (flags.to !== undefined) return intoDatabase(invocation, archive, artefact, flags.to, flags);
    await intoFolder(invocation, archive, artefact, flags.target!, flags);
  });
}

async function intoDatabase(
  invocation: Invocation,
  archive: Archive,
  artefact: StoredArtefact,
  url: string,
  flags: RestoreFlags,
): Promise<void> {
  const { environment, context } = invocation;
  const programs = (name: string): string | undefined => setting(environment, name);
  const dump = await openArchivedDump(archive, artefact, { environment, programs }, context);
  // one connection takes the file as it comes
  const whole = flags.table === undefined && flags.schema === undefined;
  const jobs = whole && dump.driver.restoreChoices?.includes('jobs') ? { jobs: '1' } : {};
  await restoreInto(invocation, url, { ...flags, ...jobs }, dump.stored);
}

async function intoFolder(
  invocation: Invocation,
  archive: Archive,
  artefact: StoredArtefact,
  target: string,
  flags: RestoreFlags,
): Promise<void> {
  const { terminal, context } = invocation;
  if (formOf(artefact) === 'tar') return unpack(invocation, archive, artefact, target, flags);
  if (flags.dryRun) return terminal.say(`would restore ${artefact.name} to ${target}`);
  const { path, size } = await extractFile(archive, artefact, target, context.signal);
  if (terminal.json) terminal.emit({ message_type: 'summary', path, size });
  else terminal.say(`restored ${path}, ${formatBytes(size)}`);
}

async function unpack(
  { terminal, environment, context }: Invocation,
  archive: Archive,
  artefact: StoredArtefact,
  target: string,
  flags: RestoreFlags,
): Promise<void> {
  if (flags.delete || flags.verify) {
    throw new HoldfastError('usage', `--${flags.delete ? 'delete' : 'verify'} is for repositories`);
  }
  const dryRun = flags.dryRun ?? false;
  const patterns = await readPatterns(flags, environment);
  const detail = terminal.verbosity >= 3;
  const show = (path: Uint8Array): string => `/${Buffer.from(path).toString()}`;
  const tally = await extractTree(
    archive,
    artefact,
    {
      ...{ target, patterns, dryRun, overwrite: flags.overwrite },
      includeXattrs: flags.includeXattr ?? [],
      excludeXattrs: flags.excludeXattr ?? [],
      ownershipByName: flags.ownershipByName ?? false,
      problem: (path, message) => tellRestoreEvent(terminal, { kind: 'problem', path: show(path), message }),
      restored(path, type, size) {
        const what = type === 'file' || type === 'dir' ? type : 'other';
        if (detail)
          tellRestoreEvent(terminal, { kind: 'item', action: 'restored', what, path: show(path), size });
      },
      warn: (message) => context.warn(message),
    },
    context.signal,
  );
  const { files, directories, others, bytes, skipped, errors } = tally;
  if (terminal.json) {
    terminal.emit({ message_type: 'summary', ...tally, ...(dryRun && { dry_run: true }) });
  } else {
    const what = `${plural(files, 'file')}, ${plural(directories, 'folder')} and ${others} others, ${formatBytes(bytes)}`;
    terminal.say(`${dryRun ? 'would restore' : 'restored'} ${what} to ${target}`);
    if (skipped > 0) terminal.say(`${skipped} were there already and stay`);
  }
  if (errors > 0) {
    throw new HoldfastError('failed', `there were ${plural(errors, 'error')}`, {
      hint: 'the messages above name what was not restored as it should be',
    });
  }
}
