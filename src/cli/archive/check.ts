/** `holdfast check` of an archive: every file to its end. */
import { HoldfastError } from '../../kernel/errors.ts';
import { checkArchive } from '../../operations/archive/check.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import { plural } from '../output/format.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation } from '../verb.ts';
import { withArchive } from './open.ts';

export async function runArchiveCheck(
  invocation: Invocation,
  ids: readonly string[],
  flags: SnapshotFlags & ArchiveFlags & { readDataSubset?: string },
): Promise<void> {
  const { terminal, environment, context } = invocation;
  if (flags.readDataSubset !== undefined) {
    throw new HoldfastError('usage', '--read-data-subset is for repositories', {
      hint: 'name snapshots, or choose them with --path, to check a part of an archive',
    });
  }
  const filter = snapshotFilter(flags, environment, ids);
  const { files, errors } = await withArchive(invocation, flags, (archive) =>
    checkArchive(
      archive,
      filter,
      (event) => {
        if (event.kind === 'sound') return terminal.detail(`${event.name}: ${event.how}`);
        if (event.kind === 'note') return terminal.say(event.message);
        const message = event.name === '' ? event.message : `${event.name}: ${event.message}`;
        if (terminal.json) terminal.emitError({ message_type: 'error', message });
        else terminal.complain(message);
      },
      context,
    ),
  );
  if (terminal.json) terminal.emit({ message_type: 'summary', num_files: files, num_errors: errors });
  else terminal.say(`${plural(files, 'file')} read, ${errors === 0 ? 'no errors' : plural(errors, 'error')}`);
  if (errors > 0) throw new HoldfastError('corrupt', 'the archive contains errors');
}
