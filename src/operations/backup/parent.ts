/** Which snapshot a backup builds on: its unchanged files are not read again. */
import type { Context } from '../../kernel/context.ts';
import type { Repository, SnapshotEntry } from '../../vaults/repository/repository.ts';
import { findSnapshot, findSnapshots, passOver } from '../../vaults/repository/snapshot-filter.ts';

export interface ParentRules {
  /** read everything */
  readonly force: boolean;
  /** id, beginning of one, or `latest`; undefined for the latest that fits */
  readonly parent: string | undefined;
  /** what the parent must share with the new snapshot; restic's default is host and paths */
  readonly groupBy: { readonly host: boolean; readonly paths: boolean; readonly tags: boolean };
}

/** Codes `not-found` and `usage` for a parent that was asked for. */
export async function findParent(
  repository: Repository,
  rules: ParentRules,
  own: { hostname: string; paths: readonly string[]; tags: readonly string[]; timeMs: number },
  context: Pick<Context, 'warn'>,
): Promise<SnapshotEntry | undefined> {
  if (rules.force) return undefined;
  const filter = {
    ...(rules.groupBy.host ? { hosts: [own.hostname] } : {}),
    ...(rules.groupBy.paths ? { paths: own.paths } : {}),
    ...(rules.groupBy.tags ? { tags: [own.tags] } : {}),
  };
  if (rules.parent !== undefined && rules.parent !== 'latest') return findSnapshot(repository, rules.parent);
  const fitting = await findSnapshots(repository, filter, passOver(context));
  return fitting.findLast(({ snapshot }) => snapshot.timeMs <= own.timeMs);
}
