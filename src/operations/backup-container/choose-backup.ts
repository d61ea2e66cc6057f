/** Which backup is meant: by the whole name of its database, or by a part of its path that nothing else has. Pure. */
import { basename } from 'node:path';
import { HoldfastError } from '../../kernel/errors.ts';
import { pathOf, type StoredBackup } from './stored-backups.ts';

/**
 * The newest one of the database, or of those that fit the filter: a path, a file's name, `host-database`, or a part of
 * any. Codes `not-found`; `usage` when a part of a name fits several databases and none of them is meant.
 */
export function chooseBackup(
  backups: readonly StoredBackup[],
  core: string,
  filter: string | undefined,
): StoredBackup {
  const newest = (among: readonly StoredBackup[]): StoredBackup | undefined =>
    among.toSorted((a, b) => b.time - a.time)[0];
  const own = backups.filter((backup) => backup.core === core);
  if (filter === undefined) {
    const found = newest(own);
    if (found) return found;
    throw new HoldfastError('not-found', `there is no backup of ${core}`, {
      hint: '-f names another one; -l lists them all',
    });
  }
  const exact = newest(backups.filter((backup) => isExactly(backup, filter)));
  if (exact) return exact;
  const fitting = backups.filter((backup) => pathOf(backup).includes(filter));
  const found = newest(fitting.filter((backup) => backup.core === core));
  if (found) return found;
  const cores = [...new Set(fitting.map((backup) => backup.core))];
  if (cores.length > 1) {
    throw new HoldfastError('usage', `"${filter}" fits backups of ${cores.toSorted().join(', ')}`, {
      hint: 'name one of them in full, or a file',
    });
  }
  const only = newest(fitting);
  if (only) return only;
  throw new HoldfastError('not-found', `no backup fits "${filter}"`, { hint: '-l lists them all' });
}

/** All that a filter of `-p -f` means: exact names alone where there are any, else whatever has it in its path. */
export function matchingBackups(backups: readonly StoredBackup[], filter: string): readonly StoredBackup[] {
  const exact = backups.filter((backup) => isExactly(backup, filter));
  if (exact.length > 0) return exact;
  return backups.filter((backup) => pathOf(backup).includes(filter));
}

function isExactly(backup: StoredBackup, filter: string): boolean {
  return [pathOf(backup), backup.name, basename(backup.name), backup.core].includes(filter);
}
