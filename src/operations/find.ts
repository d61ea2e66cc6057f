/** Searches snapshots for entries by pattern, or for the places where blobs, trees and the content of packs are used. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { fromHex, toHex } from '../kernel/hex.ts';
import { compilePatterns, type MatchState, type PatternList } from '../sources/patterns/pattern-list.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import type { Node, Time } from '../vaults/repository/format/node.ts';
import type { BlobType } from '../vaults/repository/format/pack.ts';
import { parseTime } from '../vaults/repository/format/time.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import { findSnapshots, passOver, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { rootOf } from '../vaults/repository/tree-path.ts';
import { compareTimes } from './forget-policy.ts';
import { createIdSearch, type IdSearch, searchPacks } from './id-search.ts';
import { walkTree } from './tree-walk.ts';

export interface FindOptions {
  /** patterns of names and paths, or beginnings of ids */
  readonly patterns: readonly string[];
  /** what the patterns are, default path */
  readonly kind?: 'path' | 'blob' | 'tree' | 'pack';
  readonly ignoreCase?: boolean;
  /** modification time, both inclusive */
  readonly oldest?: Time;
  readonly newest?: Time;
  /** `ids` are the snapshots to search */
  readonly filter: SnapshotFilter;
  /** oldest snapshot first instead of newest first */
  readonly reverse?: boolean;
  onEntry?(found: FoundEntry): void | Promise<void>;
  onObject?(found: FoundObject): void | Promise<void>;
}

export interface FoundEntry {
  readonly snapshot: SnapshotEntry;
  /** text as path-text.ts has it: `toWellFormed()` for people */
  readonly path: string;
  readonly node: Node;
}

export interface FoundObject {
  readonly snapshot: SnapshotEntry;
  readonly type: BlobType;
  /** hex */
  readonly id: string;
  readonly path: string;
  /** hex; of a data blob: the tree of the directory that the file is in */
  readonly parentTree: string | undefined;
}

export interface FindResult {
  /** for kinds other than path: where the objects that were searched for lie; pack is undefined when no index knows */
  readonly objects: readonly {
    readonly type: BlobType;
    readonly id: string;
    readonly pack: string | undefined;
  }[];
}

/** Directories that cannot be read are told as warnings. Codes `usage`, `not-found` for a pack. */
export async function find(
  repository: Repository,
  options: FindOptions,
  context: Context,
): Promise<FindResult> {
  const { patterns, kind = 'path', oldest, newest, reverse = false } = options;
  if (patterns.length === 0) throw new HoldfastError('usage', 'wrong number of arguments');
  if (oldest && newest && compareTimes(oldest, newest) > 0) {
    throw new HoldfastError('usage', '--oldest must specify a time before --newest');
  }
  const index = await repository.loadIndex();
  const list = compilePatterns(kind === 'path' ? patterns : [], 'find', {
    insensitive: options.ignoreCase ?? false,
  });
  const search = await idsToFind(repository, index, kind, patterns, context);

  const snapshots = (await findSnapshots(repository, options.filter, passOver(context))).toSorted((a, b) => {
    const order = compareTimes(parseTime(a.snapshot.time), parseTime(b.snapshot.time));
    return reverse ? order : -order;
  });
  for (const snapshot of snapshots) {
    if (search) await findIds(repository, snapshot, search, options, context);
    else await findEntries(repository, snapshot, list, options, context);
  }
  const objects = search?.found() ?? [];
  return {
    objects: objects.map(({ type, id }) => {
      const entry = index.find(type, fromHex(id)!);
      return { type, id, pack: entry < 0 ? undefined : toHex(index.packId(index.packOf(entry))) };
    }),
  };
}

async function idsToFind(
  repository: Repository,
  index: BlobIndex,
  kind: NonNullable<FindOptions['kind']>,
  patterns: readonly string[],
  context: Context,
): Promise<IdSearch | undefined> {
  if (kind === 'path') return undefined;
  if (kind === 'pack') return searchPacks(repository, index, patterns, context);
  return createIdSearch(kind === 'blob' ? { data: patterns, tree: [] } : { data: [], tree: patterns });
}

async function findEntries(
  repository: Repository,
  snapshot: SnapshotEntry,
  list: PatternList,
  options: FindOptions,
  context: Context,
): Promise<void> {
  const { oldest, newest } = options;
  /** where the patterns stand at each directory on the way down */
  const states: MatchState[] = [list.start(true)];
  const depths = ['/'];
  await walkTree(
    repository,
    rootOf(snapshot.snapshot),
    {
      async entry(path, node) {
        const slash = path.lastIndexOf('/');
        const folder = slash === 0 ? '/' : path.slice(0, slash);
        while (depths.at(-1) !== folder) {
          depths.pop();
          states.pop();
        }
        const state = list.step(states.at(-1)!, path.slice(slash + 1));
        const inTime =
          (!oldest || compareTimes(node.mtime, oldest) >= 0) &&
          (!newest || compareTimes(node.mtime, newest) <= 0);
        if (state.matched && inTime) await options.onEntry?.({ snapshot, path, node });
        if (node.type !== 'dir' || !(state.childMayMatch || state.matched)) return false;
        depths.push(path);
        states.push(state);
        return true;
      },
      failed: (_path, tree) => warnUnreadable(tree, snapshot, context),
    },
    context,
  );
}

async function findIds(
  repository: Repository,
  snapshot: SnapshotEntry,
  search: IdSearch,
  options: FindOptions,
  context: Context,
): Promise<void> {
  const report = async (
    type: BlobType,
    id: string | undefined,
    path: string,
    parent?: Uint8Array,
  ): Promise<void> => {
    if (id === undefined) return;
    const parentTree = parent && toHex(parent);
    await options.onObject?.({ snapshot, type, id, path, parentTree });
  };
  const root = rootOf(snapshot.snapshot);
  await report('tree', search.match('tree', root, 0), '/');
  await walkTree(
    repository,
    root,
    {
      async entry(path, node, parent) {
        if (node.type === 'dir' && node.subtree) {
          await report('tree', search.match('tree', node.subtree, 0), path);
        }
        if (node.type !== 'file' || !search.wants('data')) return;
        const content = node.content ?? new Uint8Array(0);
        for (let at = 0; at < content.length; at += 32) {
          await report('data', search.match('data', content, at), path, parent);
        }
      },
      failed: (_path, tree) => warnUnreadable(tree, snapshot, context),
    },
    context,
  );
}

function warnUnreadable(tree: Uint8Array, { id }: SnapshotEntry, context: Context): void {
  context.warn(`unable to load tree ${toHex(tree)}, which belongs to snapshot ${id}`);
}
