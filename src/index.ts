/**
 * Holdfast as a library: what the command line is made of.
 *
 * ```ts
 * import { createContext, findSnapshots, openRepository, openStorage } from 'holdfast';
 *
 * const storage = await openStorage('s3:https://s3.example.com/bucket/backups');
 * await using repository = await openRepository(storage, new TextEncoder().encode(password));
 * for (const { id, snapshot } of await findSnapshots(repository, { hosts: ['web'] })) {
 *   console.log(id, snapshot.time, snapshot.paths);
 * }
 * ```
 *
 * Every function throws HoldfastError alone; its `code` says what went wrong, its `hint` what to do about it.
 * Operations take the open repository, what to do, and a Context; who locks is said at each. Under `withLock`, give them
 * the repository of the HeldLock: it writes no snapshot and removes nothing once the lock is lost.
 */

// What everything is given and may throw.
export { createContext } from './kernel/context.ts';
export type { Context } from './kernel/context.ts';
export type { Clock } from './kernel/clock.ts';
export { exitStatuses, hasCode, HoldfastError } from './kernel/errors.ts';
export type { ErrorCode, ErrorDetails } from './kernel/errors.ts';

// Where the bytes lie. Implement Storage for a place of your own; `holdfast/testing` has the suite that it must pass.
export { openStorage } from './storage/open.ts';
export type { OpenStorageOptions } from './storage/open.ts';
export type {
  Body,
  ReadOptions,
  Storage,
  StorageCapabilities,
  StoredObject,
  WriteOptions,
} from './storage/storage.ts';

// What is backed up besides files. Implement Source for a stream of your own.
export type { Entry, EntryContent } from './sources/entry.ts';
export type { Source } from './sources/source.ts';
export { sqliteSource } from './sources/sqlite/source.ts';
export type { SqliteSourceOptions } from './sources/sqlite/source.ts';
export { commandSource, streamSource } from './sources/streams/stream-source.ts';
export { selectAll } from './sources/files/selection.ts';
export type { SelectionOptions } from './sources/files/selection.ts';

// The repository.
export { initRepository } from './vaults/repository/init.ts';
export type { InitOptions } from './vaults/repository/init.ts';
export { withLock } from './vaults/repository/lock.ts';
export type { HeldLock, LockOptions } from './vaults/repository/lock.ts';
export { openRepository } from './vaults/repository/open.ts';
export type { OpenOptions } from './vaults/repository/open.ts';
export type { Repository, SnapshotEntry } from './vaults/repository/repository.ts';
export { findSnapshot, findSnapshots } from './vaults/repository/snapshot-filter.ts';
export type { SnapshotFilter } from './vaults/repository/snapshot-filter.ts';
export type { Snapshot, SnapshotSummary } from './vaults/repository/format/snapshot.ts';
export type { Node, Time } from './vaults/repository/format/node.ts';

// The operations.
export { backup } from './operations/backup/backup.ts';
export type { BackupObserver, BackupOptions, BackupResult } from './operations/backup/backup.ts';
export { check } from './operations/check/check.ts';
export type { CheckOptions } from './operations/check/check.ts';
export type { CheckReport, CheckResult } from './operations/check/report.ts';
export { copy } from './operations/copy.ts';
export type { CopyOptions, CopyResult } from './operations/copy.ts';
export { diff } from './operations/diff.ts';
export type { DiffChange, DiffOptions, DiffResult } from './operations/diff.ts';
export { dump } from './operations/dump.ts';
export type { Dump, DumpOptions } from './operations/dump.ts';
export { find } from './operations/find.ts';
export type { FindOptions, FindResult, FoundEntry, FoundObject } from './operations/find.ts';
export { performForget, planForget } from './operations/forget.ts';
export type { ForgetOptions, ForgetPlan, ForgetResult } from './operations/forget.ts';
export type { ForgetPolicy } from './operations/forget-policy.ts';
export { ls } from './operations/ls.ts';
export type { ListedEntry, LsOptions } from './operations/ls.ts';
export { performPrune, planPrune } from './operations/prune.ts';
export type { PruneOptions, PrunePlan } from './operations/prune.ts';
export { stats } from './operations/stats.ts';
export type { StatsOptions, StatsResult } from './operations/stats.ts';
export { tag } from './operations/tag.ts';
export type { TagOptions, TagResult } from './operations/tag.ts';
