/** Finds the backup that is meant: in the folder, else among the copies, in their order. */
import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import { hasCode, type HoldfastError, messageOf } from '../../kernel/errors.ts';
import { createLocalStorage } from '../../storage/local.ts';
import type { BackupTargets } from './backup-database.ts';
import { chooseBackup } from './choose-backup.ts';
import { type BackupPlace, listBackups, type StoredBackup } from './stored-backups.ts';

/** A file of the place, whatever it is called. */
export type FoundBackup = Pick<StoredBackup, 'place' | 'name'>;

/**
 * @param core the database that is meant unless the filter means another one
 * @param filter a path of a file, a name, or a part of one
 * Codes `not-found`; `usage` when the filter fits several databases.
 */
export async function findBackup(
  { folder, copies }: BackupTargets,
  core: string,
  filter: string | undefined,
  context: Context,
): Promise<FoundBackup> {
  if (filter !== undefined && isAbsolute(filter) && (await isFile(filter))) {
    const storage = createLocalStorage(dirname(filter));
    return { place: { kind: 'folder', storage }, name: basename(filter) };
  }
  let missing: HoldfastError | undefined;
  for (const place of [folder, ...copies]) {
    const backups = await listed(place, filter === undefined ? core : undefined, context);
    try {
      return chooseBackup(backups, core, filter);
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
      missing ??= error;
    }
  }
  throw missing!;
}

/** A place of copies that cannot be looked at is told, and passed over. */
async function listed(
  place: BackupPlace,
  core: string | undefined,
  { signal, warn }: Context,
): Promise<StoredBackup[]> {
  try {
    return await Array.fromAsync(listBackups(place, { ...(core !== undefined && { core }), signal }));
  } catch (error) {
    if (place.kind === 'folder' || hasCode(error, 'interrupted')) throw error;
    warn(`copies on ${place.kind} cannot be listed: ${messageOf(error)}`);
    return [];
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
