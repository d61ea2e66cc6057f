/** Tells what a backup wrote to an archive. */
import type { ArchiveBackupResult } from '../../operations/archive/backup.ts';
import { formatBytes, plural } from '../output/format.ts';
import type { Terminal } from '../output/terminal.ts';

export function tellArchiveBackup(
  terminal: Terminal,
  { manifest }: ArchiveBackupResult,
  seconds: number,
): void {
  const { artefacts, time, tags } = manifest;
  if (terminal.json) {
    const files = artefacts.map(({ name, encodings, plain, stored }) => ({ name, encodings, plain, stored }));
    const { paths } = manifest.source;
    terminal.emit({ message_type: 'summary', time, paths, tags, artefacts: files, seconds });
    return;
  }
  for (const { name, plain, stored } of artefacts) {
    terminal.say(`${name}: ${formatBytes(plain.size)}, stored in ${formatBytes(stored.size)}`);
  }
  terminal.say(`${plural(artefacts.length, 'file')} written in ${seconds.toFixed(1)} s`);
}
