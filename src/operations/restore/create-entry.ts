/** Symlinks, fifos, sockets and devices of a restore, and the metadata of directories. */
import { HoldfastError } from '../../kernel/errors.ts';
import { applyToEntry } from '../../sources/files/target/apply-metadata.ts';
import { createSpecial, createSymlink } from '../../sources/files/target/create.ts';
import { mayOverwrite } from '../../sources/files/target/overwrite.ts';
import { counter } from './protocol.ts';
import type { WorkerState } from './worker-state.ts';

/** Creates what is no file, unless the overwrite policy leaves alone what is there. In a dry run it only counts. */
export function createEntry(state: WorkerState, ref: number): void {
  const { arena, task } = state;
  try {
    const directory = state.directoryOf(ref);
    const name = arena.name(ref);
    if (task.overwrite === 'never' || task.overwrite === 'if-newer') {
      const stat = state.target.stat(directory, name);
      if (!mayOverwrite(task.overwrite, stat, { size: 0, mtime: arena.mtime(ref) })) {
        state.count(counter.skipped, 1);
        return state.tellItem('unchanged', 'file', ref, 0);
      }
    }
    if (!task.dryRun) make(state, ref);
    state.count(counter.files, 1);
    state.tellItem('restored', 'other', ref, 0);
    if (task.dryRun) return;
    const type = arena.type(ref) === 'symlink' ? 'symlink' : 'other';
    applyToEntry(state.target, directory, name, type, arena.metadata(ref), state.policy);
  } catch (error) {
    state.tellProblem(ref, error);
  }
}

function make(state: WorkerState, ref: number): void {
  const { arena } = state;
  const type = arena.type(ref);
  const directory = state.directoryOf(ref);
  const name = arena.name(ref);
  switch (type) {
    case 'symlink':
      return createSymlink(state.target, directory, name, arena.linkTarget(ref));
    case 'fifo':
    case 'socket':
    case 'dev':
    case 'chardev':
      return createSpecial(state.target, directory, name, type, arena.device(ref));
    default:
      throw new HoldfastError('unsupported', `entries of the type "${type}" cannot be restored`);
  }
}

/** Gives a directory its metadata, when everything in it is done. */
export function finishDirectory(state: WorkerState, ref: number): void {
  const { arena, task } = state;
  try {
    if (!task.dryRun) {
      const directory = state.directoryOf(ref);
      applyToEntry(state.target, directory, arena.name(ref), 'dir', arena.metadata(ref), state.policy);
    }
    state.count(counter.files, 1);
    state.tellItem('restored', 'dir', ref, 0);
  } catch (error) {
    state.tellProblem(ref, error);
  }
}
