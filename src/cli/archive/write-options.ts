/** What the flags of a backup say of the files and manifests that it writes into an archive. */
import type { ArchiveBackupOptions } from '../../operations/archive/backup.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import { type BackupFlags, hostOf, tagsOf } from '../backup-options.ts';
import type { Invocation } from '../verb.ts';
import { readVersion } from '../version.ts';
import { acceptance } from './accepted-size.ts';

export function archiveWriteOptions(
  invocation: Invocation,
  flags: BackupFlags & ArchiveFlags,
  timeMs: number | undefined,
): ArchiveBackupOptions {
  const accepted = acceptance(flags);
  return {
    hostname: hostOf(invocation, flags),
    programVersion: `holdfast ${readVersion()}`,
    tags: [...tagsOf(flags), ...accepted.tags],
    timeMs,
    minSizeRatio: accepted.ratio,
  };
}
