/**
 * Restores a snapshot into a directory. The trees are walked once and become a plan; then each pack is read once, by
 * ranges, and worker threads decode its blobs and write them into the files themselves.
 */
import { availableParallelism } from 'node:os';
import type { Context } from '../../kernel/context.ts';
import { hasCode } from '../../kernel/errors.ts';
import { absolutePath, rawPath } from '../../sources/files/path.ts';
import { currentFolder } from '../../sources/files/current-folder.ts';
import { createAttributeFilter, createRestoreFilter } from '../../sources/files/restore-filter.ts';
import type { RestoreFilterOptions } from '../../sources/files/restore-filter.ts';
import { type FileTarget, openFileTarget } from '../../sources/files/target/file-target.ts';
import type { OverwritePolicy } from '../../sources/files/target/overwrite.ts';
import type { Snapshot } from '../../vaults/repository/format/snapshot.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { findSnapshot, type SnapshotFilter } from '../../vaults/repository/snapshot-filter.ts';
import { findSubtree, rootOf } from '../../vaults/repository/tree-path.ts';
import type { Engine, RestoreProgress, RestoreThreads } from './engine.ts';
import { newTotals, readProgress, startRestoreThreads, sumOf } from './engine.ts';
import type { RestoreEvent } from './protocol.ts';
import { counter, counterCount } from './protocol.ts';
import { walkSnapshot } from './walk.ts';
import { createWindow, defaultLimits, type WindowLimits } from './window.ts';

export interface RestoreOptions {
  /** `ID`, `latest`, or either with `:path`, whose content goes into the target then */
  readonly snapshot: string;
  /** for `latest` */
  readonly filter?: Omit<SnapshotFilter, 'ids'>;
  /** a directory, made when it is missing */
  readonly target: string;
  readonly patterns?: RestoreFilterOptions;
  /** patterns on names of extended attributes; one of both, all attributes without */
  readonly includeXattrs?: readonly string[];
  readonly excludeXattrs?: readonly string[];
  /** default always */
  readonly overwrite?: OverwritePolicy;
  /** remove what the snapshot does not have */
  readonly delete?: boolean;
  /** leave holes where files have zeros */
  readonly sparse?: boolean;
  /** read everything back that was written */
  readonly verify?: boolean;
  /** owner and group by their names on this machine instead of their numbers */
  readonly ownershipByName?: boolean;
  /** report every item, not problems alone */
  readonly detail?: boolean;
  /** threads that were started before, with `startRestoreThreads`; the caller ends them */
  readonly threads?: RestoreThreads;
  /** how much is planned at a time; the default takes some tens of megabytes */
  readonly limits?: WindowLimits;
  readonly onFound?: (snapshot: FoundForRestore) => void;
  /** called once, with a function that says how far it is */
  readonly onStart?: (progress: () => RestoreProgress) => void;
  readonly report?: (event: RestoreEvent | { readonly kind: 'verifying' }) => void;
}

export interface FoundForRestore {
  readonly id: string;
  readonly snapshot: Snapshot;
}

/** What a restore did. Problems were reported one by one. */
export interface RestoreResult extends RestoreProgress {
  /** entries that could not be restored, or not as they should be */
  readonly errors: number;
  /** files that were read back and found right */
  readonly filesVerified: number;
}

/** What a restore would do: the same numbers, with nothing done. Items were reported one by one. */
export type RestorePlan = RestoreResult;

/**
 * Restores. Problems with single entries are reported and counted; codes `not-found`, `usage`, `disk-full`,
 * `interrupted` and what opens no target are thrown.
 */
export async function restore(
  repository: Repository,
  options: RestoreOptions,
  context: Context,
): Promise<RestoreResult> {
  return run(repository, options, context, false);
}

/** Finds out what `restore` would do, and touches nothing. */
export async function planRestore(
  repository: Repository,
  options: RestoreOptions,
  context: Context,
): Promise<RestorePlan> {
  return run(repository, options, context, true);
}

async function run(
  repository: Repository,
  options: RestoreOptions,
  context: Context,
  dryRun: boolean,
): Promise<RestoreResult> {
  const filter = createRestoreFilter(options.patterns ?? noPatterns);
  const { includeXattrs = [], excludeXattrs = [] } = options;
  createAttributeFilter(includeXattrs, excludeXattrs);
  await using stack = new AsyncDisposableStack();
  const threads = options.threads ?? stack.use(startRestoreThreads());
  const found = await findSnapshot(repository, options.snapshot, options.filter);
  options.onFound?.(found);
  const index = await repository.loadIndex();
  if (!index.isSmall) threads.pool.startAll();
  const tree = await findSubtree(repository, rootOf(found.snapshot), found.path);

  const path = absolutePath(rawPath(options.target), currentFolder());
  const target = openTarget(path, dryRun);
  if (target) stack.defer(() => target[Symbol.dispose]());
  const counters = new SharedArrayBuffer(availableParallelism() * counterCount * 8);
  const totals = newTotals();
  const report = options.report ?? (() => {});
  const engine: Engine = {
    repository,
    index,
    pool: threads.pool,
    context,
    task: {
      key: repository.key,
      index: index.shared,
      target: path,
      overwrite: options.overwrite ?? 'always',
      sparse: options.sparse ?? false,
      removeDirectories: options.delete ?? false,
      ownershipByName: options.ownershipByName ?? false,
      includeXattrs,
      excludeXattrs,
      dryRun,
      detail: options.detail ?? false,
      umask: process.umask(),
      counters,
    },
    target,
    deletes: options.delete ?? false,
    verifies: (options.verify ?? false) && !dryRun,
    totals,
    report(event) {
      if (event.kind === 'problem') engine.errors++;
      report(event);
    },
    errors: 0,
  };
  threads.listen(engine.report);
  const interrupt = () => void threads.pool.close();
  context.signal.addEventListener('abort', interrupt, { once: true });
  stack.defer(() => context.signal.removeEventListener('abort', interrupt));
  options.onStart?.(() => readProgress(totals, counters));

  await threads.pool.broadcast({ kind: 'begin', task: engine.task });
  const window = createWindow(engine, options.limits ?? defaultLimits);
  await walkSnapshot(engine, window, filter, tree);
  await window.finish();
  return {
    ...readProgress(totals, counters),
    errors: engine.errors,
    filesVerified: sumOf(counters, counter.verified),
  };
}

const noPatterns: RestoreFilterOptions = {
  excludes: [],
  insensitiveExcludes: [],
  includes: [],
  insensitiveIncludes: [],
};

/** A dry run makes no directory, so there may be none. */
function openTarget(path: Uint8Array, dryRun: boolean): FileTarget | undefined {
  try {
    return openFileTarget(path, { create: !dryRun });
  } catch (error) {
    if (dryRun && hasCode(error, 'not-found')) return undefined;
    throw error;
  }
}
