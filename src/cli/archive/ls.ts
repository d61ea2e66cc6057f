/** `holdfast ls` of an archive: the files of a snapshot. */
import { HoldfastError } from '../../kernel/errors.ts';
import { findArchiveSnapshot } from '../../operations/archive/find.ts';
import type { LsFlags } from '../commands/ls.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import { formatBytes, formatLocalTime, quoteUnprintable } from '../output/format.ts';
import { snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation } from '../verb.ts';
import { withArchive } from './open.ts';
import { archiveSnapshotJson } from './table.ts';

export async function runArchiveLs(
  invocation: Invocation,
  [id, ...more]: readonly string[],
  flags: LsFlags & ArchiveFlags,
): Promise<void> {
  const { terminal, environment, context } = invocation;
  if (id === undefined || more.length > 0) {
    throw new HoldfastError('usage', 'ls takes one snapshot of an archive', {
      hint: 'an id, a name, or `latest`',
    });
  }
  await withArchive(invocation, flags, async (archive) => {
    const snapshot = await findArchiveSnapshot(archive, id, snapshotFilter(flags, environment), context);
    if (terminal.json) {
      terminal.emit({ message_type: 'snapshot', ...archiveSnapshotJson(snapshot) });
      return;
    }
    terminal.say(`snapshot ${snapshot.name} of ${formatLocalTime(snapshot.time)}:`);
    for (const { name, size, known } of snapshot.artefacts) {
      const shown = quoteUnprintable(name);
      if (!flags.long) terminal.result(shown);
      else {
        const bytes = flags.humanReadable ? formatBytes(size) : String(size);
        terminal.result(`${bytes.padStart(12)}  ${known?.stored.sha256 ?? '-'.repeat(64)}  ${shown}`);
      }
    }
  });
}
