/** `holdfast ls` of an archive: the files of a snapshot. */
import { HoldfastError } from '../../kernel/errors.ts';
import { findArchiveSnapshot, formOf } from '../../operations/archive/find.ts';
import { listTar, type TarEntry } from '../../operations/archive/tar-listing.ts';
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
      for (const artefact of snapshot.artefacts.filter((one) => formOf(one) === 'tar')) {
        for await (const { modified, ...entry } of listTar(archive, artefact, context)) {
          terminal.emit({ message_type: 'node', ...entry, mtime: new Date(modified).toISOString() });
          await terminal.settle();
        }
      }
      return;
    }
    terminal.say(`snapshot ${snapshot.name} of ${formatLocalTime(snapshot.time)}:`);
    for (const artefact of snapshot.artefacts) {
      const { name, size, known } = artefact;
      const shown = quoteUnprintable(name);
      const bytes = (count: number): string => (flags.humanReadable ? formatBytes(count) : String(count));
      if (!flags.long) terminal.result(shown);
      else
        terminal.result(`${bytes(size).padStart(12)}  ${known?.stored.sha256 ?? '-'.repeat(64)}  ${shown}`);
      if (formOf(artefact) !== 'tar') continue;
      for await (const entry of listTar(archive, artefact, context)) {
        terminal.result(flags.long ? longLine(entry, bytes) : quoteUnprintable(entry.path));
        await terminal.settle();
      }
    }
  });
}

const letters: Readonly<Partial<Record<TarEntry['type'], string>>> = { dir: 'd', symlink: 'l', fifo: 'p' };

function longLine(
  { path, type, mode, uid, gid, size, modified, target }: TarEntry,
  bytes: (count: number) => string,
): string {
  const bits = [...mode.toString(2).padStart(9, '0').slice(-9)];
  const rights = bits.map((bit, i) => (bit === '1' ? 'rwx'[i % 3]! : '-')).join('');
  const leads = target === '' ? '' : ` -> ${quoteUnprintable(target)}`;
  const owner = `${uid}:${gid}`.padStart(11);
  return `${letters[type] ?? '-'}${rights} ${owner} ${bytes(size).padStart(12)} ${formatLocalTime(modified)} ${quoteUnprintable(path)}${leads}`;
}
