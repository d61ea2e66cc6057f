/** What the main thread of a restore has at hand, and what it counts. */
import { availableParallelism } from 'node:os';
import type { Context } from '../../kernel/context.ts';
import { hasCode, messageOf } from '../../kernel/errors.ts';
import { createPool, type Pool, workerModule } from '../../kernel/pool.ts';
import { pathToText } from '../../kernel/path-text.ts';
import type { FileTarget } from '../../sources/files/target/file-target.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import type {
  ItemAction,
  ItemKind,
  RestoreEvent,
  RestoreRequest,
  RestoreResponse,
  WorkerTask,
} from './protocol.ts';
import { counter, counterCount } from './protocol.ts';

export type RestorePool = Pool<RestoreRequest, RestoreResponse>;

/** The threads of restores; they tell what happens to whoever listens at that time. */
export interface RestoreThreads extends AsyncDisposable {
  readonly pool: RestorePool;
  listen(listener: (event: RestoreEvent) => void): void;
}

/**
 * Starts the first thread, which takes a while: best done before the repository is opened. Whether there is work for the
 * others is known then.
 */
export function startRestoreThreads(): RestoreThreads {
  let listener: (event: RestoreEvent) => void = () => {};
  const pool = createPool<RestoreRequest, RestoreResponse, undefined, RestoreEvent>(
    workerModule(import.meta.url, './restore-worker'),
    {
      size: availableParallelism(),
      first: 1,
      data: undefined,
      depth: 2,
      onNotice: (event) => listener(event),
    },
  );
  return {
    pool,
    listen: (given) => (listener = given),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

/** Numbers of a restore; directories, symlinks and the like count as files without bytes. */
export interface RestoreProgress {
  /** files that are to be restored, as far as is known yet */
  readonly filesTotal: number;
  readonly filesRestored: number;
  /** files that were right already, or are left alone */
  readonly filesSkipped: number;
  readonly filesDeleted: number;
  readonly bytesTotal: number;
  readonly bytesRestored: number;
  readonly bytesSkipped: number;
}

export interface Engine {
  readonly repository: Repository;
  readonly index: BlobIndex;
  readonly pool: RestorePool;
  readonly context: Context;
  readonly task: WorkerTask;
  /** undefined in a dry run whose target does not exist */
  readonly target: FileTarget | undefined;
  /** remove what the snapshot does not have; turned off when the snapshot cannot be trusted to say so */
  deletes: boolean;
  readonly verifies: boolean;
  readonly totals: Totals;
  readonly report: (event: RestoreEvent | { readonly kind: 'verifying' }) => void;
  errors: number;
}

export type Totals = { -readonly [K in keyof RestoreProgress]: RestoreProgress[K] };

export function newTotals(): Totals {
  return {
    filesTotal: 0,
    filesRestored: 0,
    filesSkipped: 0,
    filesDeleted: 0,
    bytesTotal: 0,
    bytesRestored: 0,
    bytesSkipped: 0,
  };
}

/** What this thread counted and what the workers did. */
export function readProgress(totals: Totals, counters: SharedArrayBuffer): RestoreProgress {
  return {
    ...totals,
    filesRestored: totals.filesRestored + sumOf(counters, counter.files),
    filesSkipped: totals.filesSkipped + sumOf(counters, counter.skipped),
    bytesRestored: totals.bytesRestored + sumOf(counters, counter.bytes),
  };
}

export function sumOf(counters: SharedArrayBuffer, which: number): number {
  const values = new Float64Array(counters);
  let sum = 0;
  for (let i = which; i < values.length; i += counterCount) sum += values[i]!;
  return sum;
}

/** Path of an entry in the snapshot, for people. */
export function shownLocation(location: Uint8Array): string {
  return `/${pathToText(location).toWellFormed()}`;
}

/** Tells what went wrong with an entry; throws what ends the restore. */
export function tellProblem(engine: Engine, location: Uint8Array, error: unknown): void {
  if (hasCode(error, 'interrupted', 'disk-full')) throw error;
  engine.report({ kind: 'problem', path: shownLocation(location), message: messageOf(error) });
}

export function tellItem(
  engine: Engine,
  action: ItemAction,
  what: ItemKind,
  path: string | Uint8Array,
  size: number,
): void {
  if (!engine.task.detail) return;
  const shown = typeof path === 'string' ? path : shownLocation(path);
  engine.report({ kind: 'item', action, what, path: shown, size });
}
