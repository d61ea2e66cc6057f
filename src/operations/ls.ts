/** Lists what a snapshot holds: all of it, or what lies in some folders, in the tree's order or sorted. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import { findSnapshot, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { findSubtree, rootOf } from '../vaults/repository/tree-path.ts';
import { compareTimes } from './forget-policy.ts';
import { walkTree } from './tree-walk.ts';

export const sortModes = ['name', 'size', 'time', 'mtime', 'atime', 'ctime', 'extension'] as const;
export type SortMode = (typeof sortModes)[number];

export interface LsOptions {
  /** `ID`, `latest`, or either with `:path` */
  readonly snapshot: string;
  /** for `latest` */
  readonly filter?: Omit<SnapshotFilter, 'ids'>;
  /** absolute paths; none for everything */
  readonly folders?: readonly string[];
  /** with `folders`: also what lies in folders below them */
  readonly recursive?: boolean;
  /** default name, which is the tree's order; another one keeps all entries in memory */
  readonly sort?: SortMode;
  readonly reverse?: boolean;
  onSnapshot?(entry: SnapshotEntry): void | Promise<void>;
  onEntry(entry: ListedEntry): void | Promise<void>;
  /** a directory of the list is complete; not called when sorted */
  onLeave?(path: string): void | Promise<void>;
}

export interface ListedEntry {
  /** text as path-text.ts has it: `toWellFormed()` for people */
  readonly path: string;
  readonly node: Node;
  /** true for a directory that only leads to a folder asked for; never when sorted */
  readonly leading: boolean;
}

/** Codes `not-found`, `usage`, `corrupt`. */
export async function ls(repository: Repository, options: LsOptions, context: Context): Promise<void> {
  const { folders = [], sort = 'name', reverse = false, recursive = false } = options;
  if (folders.some((folder) => !folder.startsWith('/'))) {
    throw new HoldfastError('usage', "all path filters must be absolute, starting with a forward slash '/'");
  }
  const { id, snapshot, path } = await findSnapshot(repository, options.snapshot, options.filter);
  const root = await findSubtree(repository, rootOf(snapshot), path);
  await options.onSnapshot?.({ id, snapshot });

  const wanted = folders.map(splitComponents);
  const sorted = sort !== 'name' || reverse;
  const collected: ListedEntry[] = [];
  const emit = (entry: ListedEntry): void | Promise<void> => {
    if (!sorted) return options.onEntry(entry);
    if (!entry.leading) collected.push(entry);
  };
  await walkTree(
    repository,
    root,
    {
      async entry(path, node) {
        const parts = wanted.length > 0 ? splitComponents(path) : [];
        const within = wanted.length === 0 || wanted.some((folder) => isPrefix(folder, parts));
        const approaching = wanted.length === 0 || wanted.some((folder) => isPrefix(parts, folder));
        const enter = approaching || (within && recursive);
        if (within || approaching) await emit({ path, node, leading: !within });
        if (node.type === 'dir' && within && !enter && !sorted) await options.onLeave?.(path);
        return enter;
      },
      async leave(path) {
        if (!sorted) await options.onLeave?.(path);
      },
    },
    context,
  );
  if (!sorted) return;
  const compare = comparators[sort];
  if (compare) collected.sort((a, b) => compare(a, b) || comparePaths(a, b));
  if (reverse) collected.reverse();
  for (const entry of collected) await options.onEntry(entry);
}

const comparators: Record<SortMode, ((a: ListedEntry, b: ListedEntry) => number) | undefined> = {
  name: undefined,
  size: (a, b) => sizeOf(a.node) - sizeOf(b.node),
  time: (a, b) => compareTimes(a.node.mtime, b.node.mtime),
  mtime: (a, b) => compareTimes(a.node.mtime, b.node.mtime),
  atime: (a, b) => compareTimes(a.node.atime, b.node.atime),
  ctime: (a, b) => compareTimes(a.node.ctime, b.node.ctime),
  extension: (a, b) => compareTexts(extensionOf(a.path), extensionOf(b.path)),
};

function sizeOf(node: Node): number {
  return node.type === 'file' ? node.size : 0;
}

function comparePaths(a: ListedEntry, b: ListedEntry): number {
  return compareTexts(a.path, b.path);
}

/** By the bytes of UTF-8. */
function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** From the last dot of the last name on, '' without one. */
function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

function splitComponents(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function isPrefix(prefix: readonly string[], of: readonly string[]): boolean {
  return prefix.length <= of.length && prefix.every((part, at) => part === of[at]);
}
