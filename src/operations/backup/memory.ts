/** What one backup of a set of paths leaves for the next to know, when the rules allow to rely on it. */
import type { Context } from '../../kernel/context.ts';
import { messageOf } from '../../kernel/errors.ts';
import { localOffset } from '../../vaults/repository/format/time.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import type { ChangeRules } from './change-rules.ts';
import { isSameNotes, type SharedKnownTrees, shareKnownTrees } from './known-trees.ts';
import { knownTreesFile } from './known-trees-file.ts';

export interface MemoryOptions {
  /** the folder of all local caches; undefined to remember nothing */
  readonly cacheBase?: string | undefined;
  readonly rules: ChangeRules;
  readonly withAtime: boolean;
  /** every item is to be reported, and so every item is looked at */
  readonly detail: boolean;
  readonly dryRun: boolean;
  readonly repository: Repository;
  /** what is backed up */
  readonly paths: readonly string[];
  /** there is no parent snapshot to rely on */
  readonly isFirst: boolean;
  readonly context: Pick<Context, 'warn'>;
}

export interface Memory {
  readonly known: SharedKnownTrees | undefined;
  /** Keeps the workers' notes; what goes wrong is only told. Call it when the snapshot is there. */
  remember(notes: readonly Uint8Array[]): Promise<void>;
}

/** Undefined when trees depend on more than fingerprints say. */
export async function recall(options: MemoryOptions): Promise<Memory | undefined> {
  const { cacheBase, rules, withAtime, detail, dryRun, repository, paths, isFirst, context } = options;
  if (cacheBase === undefined || rules.ignoreCtime || rules.ignoreInode || withAtime || detail)
    return undefined;
  const file = knownTreesFile(cacheBase, repository, paths);
  const before = isFirst ? undefined : await file.load(await indexIds(repository));
  return {
    known: before && shareKnownTrees(before),
    async remember(notes) {
      if (dryRun || (before && isSameNotes(before, notes))) return;
      try {
        await file.save(await indexIds(repository), notes);
      } catch (error) {
        context.warn(`the next backup will take longer: ${messageOf(error)}`);
      }
    },
  };
}

async function indexIds(repository: Repository): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { id } of repository.list('index')) ids.add(id);
  return ids;
}

/**
 * Besides what stat tells, a tree depends on how we write it, on the time zone that its times are told in, and on
 * whether databases are stored in one state.
 */
export function fingerprintSalt(sqliteConsistent: boolean): string {
  const offsets = [0, 946_684_800, 962_409_600, 1_704_067_200, 1_719_792_000].map(localOffset);
  const databases = sqliteConsistent ? ', SQLite databases consistent' : '';
  return `tree 1, offsets ${offsets.join(' ')}${databases}`;
}
