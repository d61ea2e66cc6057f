/** backup: one snapshot of a file tree, or of what a source yields. The snapshot is written last: that write commits. */
import { availableParallelism, tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { fromHex, toHex } from '../../kernel/hex.ts';
import { absolutePath } from '../../sources/files/path.ts';
import { selectAll, type SelectionOptions } from '../../sources/files/selection.ts';
import { buildTargetTree } from '../../sources/files/target-tree.ts';
import type { PreviousFile, Source } from '../../sources/source.ts';
import type { SnapshotSummary } from '../../vaults/repository/format/snapshot.ts';
import type { Owner } from '../../vaults/repository/format/plain-node.ts';
import { withLock, type LockOptions } from '../../vaults/repository/lock.ts';
import type { Repository, SnapshotEntry } from '../../vaults/repository/repository.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { defaultPackSize } from '../../vaults/repository/writer.ts';
import { rootOf } from '../../vaults/repository/tree-path.ts';
import type { CompressionMode } from '../../vaults/repository/worker/compression.ts';
import type { PackerStats } from '../../vaults/repository/worker/packer.ts';
import type { Profile } from '../../vaults/repository/worker/profile.ts';
import { previousFiles } from '../database/previous-file.ts';
import { beginSource } from './begun-source.ts';
import type { ChangeRules } from './change-rules.ts';
import type { SharedKnownTrees } from './known-trees.ts';
import { fingerprintSalt, recall } from './memory.ts';
import { createLeader, type StoredTree } from './leader.ts';
import { createPackSink, nowhere } from './pack-sink.ts';
import { findParent, type ParentRules } from './parent.ts';
import { commitSnapshot, summarize } from './commit-snapshot.ts';
import { type BackupProgress, type Counters, readCounters, readCurrentFiles } from './progress.ts';
import {
  counterNames,
  type CounterName,
  createSharedState,
  type ItemEvent,
  type RepositoryForWorkers,
} from './protocol.ts';
import { storeSource } from './source-layout.ts';
import { storeTargets } from './target-layout.ts';
import { currentFolder } from '../../sources/files/current-folder.ts';

export interface BackupOptions extends ParentRules {
  readonly what: FileTargets | StreamedSource;
  readonly hostname: string;
  readonly username: string;
  readonly tags: readonly string[];
  /** milliseconds since 1970-01-01 UTC; undefined for now */
  readonly timeMs: number | undefined;
  readonly rules: ChangeRules;
  readonly withAtime: boolean;
  /** store SQLite databases of a file tree in one state each, copied to the folder for temporary files before */
  readonly sqliteConsistent?: boolean;
  /** patterns to be named in the snapshot */
  readonly excludes: readonly string[];
  readonly compression: CompressionMode;
  /** bytes; undefined for 16 MiB */
  readonly packSize: number | undefined;
  /** change nothing in the repository */
  readonly dryRun: boolean;
  /** write no snapshot when the tree is the parent's */
  readonly skipIfUnchanged: boolean;
  readonly programVersion: string;
  readonly lock: Pick<LockOptions, 'none' | 'retryFor' | 'onWait'>;
  /** worker threads, which start at once; undefined for as many as there is work for, at most one a processor */
  readonly workers?: number;
  /** report every item */
  readonly detail: boolean;
  readonly profile: boolean;
  /** the folder of all local caches; undefined to remember nothing for the next backup */
  readonly cacheBase?: string | undefined;
}

export interface FileTargets {
  readonly kind: 'files';
  /** raw paths that exist, absolute or relative to the working directory */
  readonly paths: readonly Uint8Array[];
  readonly selection: SelectionOptions;
}

export interface StreamedSource {
  readonly kind: 'source';
  readonly source: Source;
  /** as the snapshot names it */
  readonly path: string;
}

/** What a caller may watch while the backup goes on. */
export interface BackupObserver {
  /** called once, when the workers are there: the function reads how far they are */
  started?(progress: () => BackupProgress): void;
  /** called once, when it is known */
  parent?(parent: SnapshotEntry | undefined): void;
  item?(item: ItemEvent): void;
}

export interface BackupResult {
  /** undefined when nothing changed and that was to be skipped; of a dry run, an id that names nothing, as restic's does */
  readonly id: string | undefined;
  readonly summary: SnapshotSummary;
  /** items that are missing in the snapshot, which is marked with the tag `incomplete` then */
  readonly errors: number;
  readonly stats: PackerStats;
  /** milliseconds by stage over all workers, when it was asked for */
  readonly profile: Profile;
}

/** Milliseconds that a source is given to clean up. */
const patience = 10_000;

/**
 * Backs up. The repository may still be on its way: files are listed meanwhile.
 * Codes: `failed` when the snapshot would be empty, `not-found` for a parent that was named, `locked`, `interrupted`,
 * `corrupt` when memory or processor falsify data, and the storage's. Without a result there is no snapshot; packs
 * that were stored by then are indexed, and a next run finds them.
 */
export async function backup(
  opening: Repository | Promise<Repository>,
  options: BackupOptions,
  context: Context,
  observer: BackupObserver = {},
): Promise<BackupResult> {
  const { what } = options;
  const workers = options.workers ?? availableParallelism();
  const shared = createSharedState(workers);
  const started = context.clock.now();
  const workingDirectory = currentFolder();
  const own = new Float64Array(counterNames.length);
  let errors = 0;

  function onItem(item: ItemEvent): void {
    if (item.kind === 'problem' && item.lost) errors++;
    observer.item?.(item);
  }

  const count = (name: CounterName, by: number) => void (own[counterNames.indexOf(name)]! += by);
  const counters = (): Counters => {
    const sums = readCounters(shared);
    counterNames.forEach((name, i) => (sums[name] += own[i]!));
    return sums;
  };

  // disposed of behind the threads that use it
  await using copies =
    options.sqliteConsistent && what.kind === 'files' ? await folderForCopies() : undefined;
  await using leader = createLeader(
    { workers, first: options.workers ?? 1 },
    {
      selection: what.kind === 'files' ? what.selection : selectAll,
      rules: options.rules,
      withAtime: options.withAtime,
      detail: options.detail,
      profile: options.profile,
      fingerprintSalt: fingerprintSalt(copies !== undefined),
      sqliteFolder: copies?.path,
      shared,
    },
    onItem,
    context,
  );
  if (what.kind === 'files') {
    leader.lookAhead(what.paths.map((path) => absolutePath(path, workingDirectory)));
  }
  observer.started?.(() => ({ ...counters(), errors, currentFiles: readCurrentFiles(shared) }));

  const givenUp = new AbortController();
  await using begun =
    what.kind === 'source'
      ? beginSource(what.source, previousFile(what.path), AbortSignal.any([context.signal, givenUp.signal]))
      : undefined;
  const repository = await opening;
  const lock = {
    ...options.lock,
    exclusive: false,
    eager: true,
    none: options.lock.none === true || options.dryRun,
  };
  return await withLock(repository, lock, context, async (locked, held) => {
    const timeMs = options.timeMs ?? started;
    const paths =
      what.kind === 'source'
        ? [what.path]
        : what.paths.map((path) => Buffer.from(absolutePath(path, workingDirectory)).toString());
    const parent =
      what.kind === 'source' && !options.skipIfUnchanged
        ? undefined
        : await findParent(
            repository,
            options,
            {
              hostname: options.hostname,
              paths,
              tags: options.tags,
              timeMs,
            },
            context,
          );
    observer.parent?.(parent);
    const memory =
      what.kind === 'files'
        ? await recall({ ...options, repository, paths, isFirst: !parent, context })
        : undefined;
    const index = await repository.loadIndex();
    const sink = options.dryRun ? nowhere : createPackSink(repository, index, locked.signal);
    let storing: Promise<StoredTree> | undefined;
    try {
      await leader.open(repository, forWorkers(repository, index, options, memory?.known), sink);
      storing = storeTree(parent);
      const tree = await Promise.race([leader.failed, storing]);
      const { stats, profile, notes } = await Promise.race([leader.failed, leader.finish()]);
      await sink.finish();
      const summary = summarize(counters(), stats, started, context.clock.now());
      const unchanged = parent !== undefined && parent.snapshot.tree === toHex(tree.id);
      const skip = options.skipIfUnchanged && unchanged;
      const made = { tree: tree.id, paths, parent, summary, timeMs, isIncomplete: errors > 0 };
      const id = skip ? undefined : await commitSnapshot(repository, held, options, made);
      await memory?.remember(notes);
      return { id, summary, errors, stats, profile };
    } catch (error) {
      // A source may have to end programs, and to remove what it made.
      givenUp.abort();
      if (what.kind === 'source') {
        await Promise.race([storing?.catch(() => {}), delay(patience, undefined, { ref: false })]);
      }
      // What is stored is not lost for the next run. The first error is the one to tell.
      await sink.finish().catch(() => {});
      throw error;
    }
  });

  /** Files of the last snapshot of a source, once the repository is open. */
  function previousFile(path: string): PreviousFile {
    return async (name) => previousFiles(await opening, { path, hostname: options.hostname }, context)(name);
  }

  async function storeTree(parent: SnapshotEntry | undefined): Promise<StoredTree> {
    if (what.kind === 'source') {
      const repository = await opening;
      const previous = parent && {
        root: rootOf(parent.snapshot),
        read: (tree: Uint8Array) => repository.readTree(tree),
      };
      const owner = currentOwner(options.username);
      return storeSource(leader, begun!.source, owner, started, count, previous);
    }
    const layout = {
      repository: await opening,
      leader,
      workingDirectory,
      withAtime: options.withAtime,
      detail: options.detail,
      report: onItem,
      count,
    };
    const root = buildTargetTree(what.paths);
    const tree = await storeTargets(layout, root, parent && fromHex(parent.snapshot.tree));
    if (tree.isEmpty)
      throw new HoldfastError('failed', 'the snapshot would be empty', {
        hint: 'look at the paths and the excludes',
      });
    return tree;
  }
}

async function folderForCopies(): Promise<AsyncDisposable & { readonly path: string }> {
  const { makeTemporaryFolder } = await import('../../sources/sqlite/temporary-folder.ts');
  return makeTemporaryFolder(tmpdir(), Date.now);
}

function forWorkers(
  repository: Repository,
  index: BlobIndex,
  options: BackupOptions,
  known: SharedKnownTrees | undefined,
): RepositoryForWorkers {
  return {
    key: repository.key,
    index: index.shared,
    version: repository.config.version,
    compression: options.compression,
    packSize: options.packSize ?? defaultPackSize,
    chunker: repository.chunker,
    polynomial: repository.config.chunkerPolynomial,
    known,
  };
}

/** Streams belong to whoever runs the backup. */
function currentOwner(username: string): Owner {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, user: username, group: '' };
}
