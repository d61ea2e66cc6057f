/** Backs one database up: streamed into its file, copied to where copies go, and then what has had its time goes. */
import { join } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import type { ScriptChoices, ScriptDatabase, ScriptOptions } from '../../sources/database/script.ts';
import { scriptDriver } from '../../sources/database/script.ts';
import { gzipEncoding } from '../../vaults/archive/encodings/gzip.ts';
import { artefactName } from '../../vaults/archive/layout/layout.ts';
import { planPrune, type PruneRules, removeBackups, tierAt } from './prune.ts';
import { backupExtension, type BackupPlace, flatName, type StoredBackup } from './stored-backups.ts';

export interface DatabaseBackup {
  readonly database: ScriptDatabase;
  readonly choices: ScriptChoices;
  /** `host-database` */
  readonly core: string;
  /** of how many databases the files of this name are */
  readonly shares: number;
}

export interface BackupTargets {
  /** where backups are written */
  readonly folder: BackupPlace;
  /** where they are copied to, in this order */
  readonly copies: readonly BackupPlace[];
}

export interface DatabaseBackupResult {
  /** in the folder */
  readonly name: string;
  readonly path: string;
  /** bytes */
  readonly size: number;
  /** what became of each copy */
  readonly copies: readonly CopyResult[];
  readonly removed: readonly StoredBackup[];
  /** what of the database is not in it as its user may not see it, in sentences; then nothing was removed */
  readonly leftOut: readonly string[];
  /** why nothing was removed, in sentences */
  readonly held: readonly string[];
}

export interface CopyResult {
  readonly place: BackupPlace;
  /** undefined when it is there */
  readonly error: HoldfastError | undefined;
}

/** The name that a backup made now gets in the folder: a second later where one is there already. */
export async function nextName(
  { database }: DatabaseBackup,
  { strategy }: PruneRules,
  folder: BackupPlace,
  { clock, signal }: Context,
): Promise<string> {
  const tier = tierAt(clock.now(), strategy);
  for (let time = clock.now(); ; time += 1000) {
    const name = artefactName(tier === undefined ? 'daily' : 'rolling', {
      ...{ host: database.host, database: database.database, time, tier, extension: backupExtension },
    });
    const there = await folder.storage.stat(name, { signal }).catch((error: unknown) => {
      if (!hasCode(error, 'not-found')) throw error;
      return undefined;
    });
    if (!there) return name;
  }
}

/**
 * Throws when there is no backup: then no file of it stays, and nothing was removed. A copy that fails, or a dump that
 * lacks something, is told in the result, and nothing is removed then either.
 */
export async function backUpDatabase(
  backup: DatabaseBackup,
  name: string,
  targets: BackupTargets,
  rules: PruneRules,
  script: ScriptOptions,
  context: Context,
): Promise<DatabaseBackupResult> {
  const { signal } = context;
  const { folder } = targets;
  const driver = await scriptDriver(backup.database.kind);
  const leftOut: string[] = [];
  const dump = driver.dump(backup.database, backup.choices, {
    ...script,
    leftOut: (message) => leftOut.push(message),
  });
  const { writeBackup } = await import('./write-backup.ts');
  const root = folder.storage.location;
  const size = await writeBackup(root, name, gzipEncoding().encode(dump, signal), signal);
  const copies: CopyResult[] = [];
  for (const place of targets.copies) {
    copies.push({ place, error: await copy(folder, name, size, place, signal) });
  }
  const result = { name, path: join(root, name), size, copies, leftOut };
  if (leftOut.length > 0 || copies.some(({ error }) => error)) return { ...result, removed: [], held: [] };
  const removed: StoredBackup[] = [];
  const held: string[] = [];
  for (const place of [folder, ...targets.copies]) {
    const plan = await planPrune(place, backup.core, rules, backup.shares, context);
    held.push(...plan.held);
    await removeBackups(plan.remove, context);
    removed.push(...plan.remove);
  }
  return { ...result, removed, held: [...new Set(held)] };
}

/** Answers with why it did not work. */
async function copy(
  from: BackupPlace,
  name: string,
  size: number,
  to: BackupPlace,
  signal: AbortSignal,
): Promise<HoldfastError | undefined> {
  try {
    await to.storage.prepare({ signal });
    await to.storage.write(flatName(name), from.storage.stream(name, { signal }), { signal });
    const there = await to.storage.stat(flatName(name), { signal });
    if (there.size === size) return undefined;
    return new HoldfastError('truncated', `${flatName(name)} has ${there.size} of ${size} bytes there`);
  } catch (error) {
    throwIfAborted(signal);
    return error instanceof HoldfastError
      ? error
      : new HoldfastError('failed', messageOf(error), { cause: error });
  }
}
