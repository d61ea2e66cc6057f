/** show: one snapshot, and what was seen of the database in it. */
import type { Context } from '../kernel/context.ts';
import { hasCode } from '../kernel/errors.ts';
import { isDatabaseFolder } from '../sources/database/drivers.ts';
import type { Evidence } from '../sources/database/evidence.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import { findSnapshot, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { openStoredDatabase } from './database/database-dump.ts';

export interface ShowOptions {
  readonly snapshot: string;
  readonly filter?: Omit<SnapshotFilter, 'ids'>;
}

export interface ShownSnapshot extends SnapshotEntry {
  /** undefined when the snapshot holds files */
  readonly evidence: Evidence | undefined;
}

/** Codes `not-found`, and `corrupt` for a database whose evidence or parts are missing. */
export async function show(
  repository: Repository,
  { snapshot, filter }: ShowOptions,
  context: Context,
): Promise<ShownSnapshot> {
  const entry = await findSnapshot(repository, snapshot, filter);
  return { id: entry.id, snapshot: entry.snapshot, evidence: await evidenceOf(repository, entry, context) };
}

/** Undefined when the snapshot holds files, be it in folders that look like a database's. */
export async function evidenceOf(
  repository: Repository,
  { id, snapshot }: SnapshotEntry,
  context: Context,
): Promise<Evidence | undefined> {
  if (!snapshot.paths.some(isDatabaseFolder)) return undefined;
  try {
    return (await openStoredDatabase(repository, { snapshot: id }, context)).evidence;
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  }
}
