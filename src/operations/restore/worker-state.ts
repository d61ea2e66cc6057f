/** What all work of one restore thread shares: the target, the plan's records, counters, and the way to tell things. */
import { HoldfastError, hasCode, messageOf } from '../../kernel/errors.ts';
import type { DirectoryHandle } from '../../kernel/native/directory-handle.ts';
import { pathToText } from '../../kernel/path-text.ts';
import { createAttributeFilter } from '../../sources/files/restore-filter.ts';
import type { MetadataPolicy } from '../../sources/files/target/apply-metadata.ts';
import { type FileTarget, openFileTarget } from '../../sources/files/target/file-target.ts';
import { type FreshDefaults, freshDefaults } from '../../sources/files/target/fresh-file.ts';
import { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import { PlanArena } from './plan-arena.ts';
import type { ItemAction, ItemKind, RestoreEvent, WorkerTask } from './protocol.ts';
import { counterCount } from './protocol.ts';

export interface WorkerState {
  readonly task: WorkerTask;
  readonly index: BlobIndex;
  readonly policy: MetadataPolicy;
  /** the records that requests speak of */
  readonly arena: PlanArena;
  useArena(shared: SharedArrayBuffer): void;
  /** opened when it is first asked for: in a dry run it may not exist */
  readonly target: FileTarget;
  /** The directory that an entry lies in. Ask again for each entry. @throws HoldfastError when it is not there */
  directoryOf(ref: number): DirectoryHandle;
  /** What new files in the directory of the last `directoryOf` begin with. */
  defaultsOf(ref: number, directory: DirectoryHandle): FreshDefaults;
  count(which: number, by: number): void;
  /** path of an entry in the snapshot, for people */
  show(ref: number): string;
  tellItem(action: ItemAction, what: ItemKind, ref: number, size: number): void;
  /** Tells what went wrong with an entry; throws what no entry can be blamed for: a full disk, an interruption. */
  tellProblem(ref: number, error: unknown): void;
}

/** Facts of directories that are kept. */
const keptDefaults = 4096;

export function createWorkerState(
  task: WorkerTask,
  worker: number,
  notify: (event: RestoreEvent) => void,
): WorkerState {
  const counters = new Float64Array(task.counters, worker * counterCount * 8, counterCount);
  let target: FileTarget | undefined;
  const opened = () => (target ??= openFileTarget(task.target, { create: false }));
  const defaults = new Map<number, FreshDefaults>();
  let arena = new PlanArena(new SharedArrayBuffer(8));
  let location = { ref: -1, path: new Uint8Array(0) };

  const show = (ref: number) => `/${pathToText(arena.path(ref)).toWellFormed()}`;
  return {
    task,
    index: BlobIndex.attach(task.index),
    policy: {
      ownershipByName: task.ownershipByName,
      attributes: createAttributeFilter(task.includeXattrs, task.excludeXattrs),
    },
    get arena() {
      return arena;
    },
    useArena(shared) {
      arena = new PlanArena(shared);
      defaults.clear();
      location = { ref: -1, path: new Uint8Array(0) };
    },
    get target() {
      return opened();
    },
    directoryOf(ref) {
      const directory = arena.directory(ref);
      if (location.ref !== directory) location = { ref: directory, path: arena.location(directory) };
      return opened().directory(location.path);
    },
    defaultsOf(ref, directory) {
      const key = arena.directory(ref);
      let known = defaults.get(key);
      if (!known) {
        if (defaults.size >= keptDefaults) defaults.clear();
        defaults.set(key, (known = freshDefaults(opened(), directory)));
      }
      return known;
    },
    count(which, by) {
      counters[which]! += by;
    },
    show,
    tellItem(action, what, ref, size) {
      if (task.detail) notify({ kind: 'item', action, what, path: show(ref), size });
    },
    tellProblem(ref, error) {
      if (hasCode(error, 'interrupted')) throw error;
      if (hasCode(error, 'disk-full')) {
        throw new HoldfastError('disk-full', error.message, {
          cause: error,
          hint: 'make room and restore again: what is right already is not written again',
        });
      }
      notify({ kind: 'problem', path: show(ref), message: messageOf(error) });
    },
  };
}
