/** show: one snapshot, and what was seen of the database in it. */
import type { Context } from '../kernel/context.ts';
import type { Evidence } from '../sources/database/evidence.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import { findSnapshot, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { findDatabase } from './database/database-dump.ts';

export interface ShowOptions {
  readonly snapshot: string;
  readonly filter?: Omit<SnapshotFilter, 'ids'>;
}

export interface ShownSnapshot extends SnapshotEntry {
  /** undefined when the snapshot holds files */
  readonly evidence: Evidence | undefined;
  /** parts of the database that the snapshot lacks or has cut short */
  readonly lost: readonly string[];
}

/** Codes `not-found`, and `corrupt` for a database whose evidence is missing. */
export async function show(
  repository: Repository,
  { snapshot, filter }: ShowOptions,
  context: Context,
): Promise<ShownSnapshot> {
  const entry = await findSnapshot(repository, snapshot, filter);
  const found = await findDatabase(repository, entry.snapshot, context);
  return {
    id: entry.id,
    snapshot: entry.snapshot,
    evidence: found?.evidence,
    lost: [...(found?.lost ?? [])],
  };
}
