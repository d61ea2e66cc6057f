/** A restore thread's way to put blobs into files: created once, by whichever thread comes first, and finished by the last. */
import { applyToFile, type KnownState } from '../../sources/files/target/apply-metadata.ts';
import { createFresh } from '../../sources/files/target/fresh-file.ts';
import { createFile, reopenFile, writeAt } from '../../sources/files/target/write-file.ts';
import { creation, fileState } from './plan-arena.ts';
import { counter } from './protocol.ts';
import type { WorkerState } from './worker-state.ts';

export interface FileWriter {
  /** Writes a blob to its place in a file; the file is finished when nothing is missing any more. */
  write(ref: number, bytes: Uint8Array, offset: number): void;
  /** A blob of the file cannot be had: tells it, and the file stays incomplete. */
  giveUp(ref: number, error: unknown): void;
  /** A file of which no blob has to be written: gives it its size and metadata. */
  create(ref: number): void;
  /** Closes the files that are open. */
  close(): void;
}

/** Files that wait for blobs of other packs and are kept open. */
const keptOpen = 48;

export function createFileWriter(state: WorkerState): FileWriter {
  const { task, policy } = state;
  const open = new Map<number, number>();

  function keep(ref: number, fd: number): void {
    if (open.size >= keptOpen) {
      const [oldest, oldFd] = open.entries().next().value!;
      open.delete(oldest);
      state.target.calls.closeFile(oldFd);
    }
    open.set(ref, fd);
  }

  /** Told once a file, however many of its blobs are missing. */
  function fail(ref: number, error: unknown): void {
    if (state.arena.setFailed(ref)) state.tellProblem(ref, error);
  }

  function createKnown(ref: number, sparse: boolean): number {
    const { arena } = state;
    const directory = state.directoryOf(ref);
    const keepContent = arena.state(ref) === fileState.partial;
    return createFile(state.target, directory, arena.name(ref), {
      size: arena.size(ref),
      sparse: sparse && !keepContent,
      keepContent,
      removeDirectories: task.removeDirectories,
    });
  }

  /** The descriptor to write with; undefined when another thread could not create the file, and has told so. */
  function fileOf(ref: number): number | undefined {
    const { arena } = state;
    const known = open.get(ref);
    if (known !== undefined) return known;
    if (!arena.claimCreation(ref)) {
      if (arena.creationOf(ref) === creation.failed) return undefined;
      const fd = reopenFile(state.target, state.directoryOf(ref), arena.name(ref));
      keep(ref, fd);
      return fd;
    }
    let how: number = creation.failed;
    try {
      const fd = createKnown(ref, task.sparse);
      how = creation.done;
      keep(ref, fd);
      return fd;
    } finally {
      arena.created(ref, how);
    }
  }

  function finish(ref: number, fd: number, known: KnownState): void {
    const { arena } = state;
    const complete = !arena.hasFailed(ref);
    try {
      const path = arena.path(ref);
      const how = complete ? known : { ...known, keepTimes: true };
      applyToFile(state.target, fd, path, arena.metadata(ref), policy, how);
    } catch (error) {
      state.tellProblem(ref, error);
    }
    if (!complete) return;
    state.count(counter.files, 1);
    const updated = arena.state(ref) === fileState.partial;
    state.tellItem(updated ? 'updated' : 'restored', 'file', ref, arena.size(ref));
  }

  /** One blob less to come. */
  function settle(ref: number): void {
    const { arena } = state;
    if (!arena.countDown(ref) || arena.creationOf(ref) !== creation.done) return;
    try {
      // who gives the last blob up may not have opened the file
      const fd = open.get(ref) ?? reopenFile(state.target, state.directoryOf(ref), arena.name(ref));
      open.delete(ref);
      try {
        finish(ref, fd, {});
      } finally {
        state.target.calls.closeFile(fd);
      }
    } catch (error) {
      state.tellProblem(ref, error);
    }
  }

  /** A file of one blob that is not there yet. False when something is in the way: then it goes as any other. */
  function writeWhole(ref: number, bytes: Uint8Array): boolean {
    const { arena } = state;
    const directory = state.directoryOf(ref);
    const name = arena.name(ref);
    const metadata = arena.metadata(ref);
    const defaults = state.defaultsOf(ref, directory);
    const fresh = createFresh(state.target, directory, name, defaults, metadata, policy, task.umask);
    if (!fresh) return false;
    const { fd, known } = fresh;
    try {
      if (bytes.length > 0) writeAt(fd, name, bytes, 0, bytes.length, 0, false);
      finish(ref, fd, known);
    } finally {
      state.target.calls.closeFile(fd);
    }
    return true;
  }

  function isWhole(ref: number, blobs: number): boolean {
    const { arena } = state;
    return !task.sparse && arena.state(ref) === fileState.absent && arena.blobCount(ref) === blobs;
  }

  return {
    write(ref, bytes, offset) {
      const { arena } = state;
      try {
        if (isWhole(ref, 1) && writeWhole(ref, bytes)) {
          state.count(counter.bytes, bytes.length);
          return;
        }
        const fd = fileOf(ref);
        if (fd !== undefined) {
          const path = arena.path(ref);
          const sparse = task.sparse && arena.state(ref) !== fileState.partial;
          writeAt(fd, path, bytes, 0, bytes.length, offset, sparse);
          state.count(counter.bytes, bytes.length);
        }
      } catch (error) {
        fail(ref, error);
      }
      settle(ref);
    },
    giveUp(ref, error) {
      fail(ref, error);
      settle(ref);
    },
    create(ref) {
      try {
        if (isWhole(ref, 0) && writeWhole(ref, new Uint8Array(0))) return;
        const fd = createKnown(ref, task.sparse);
        try {
          finish(ref, fd, {});
        } finally {
          state.target.calls.closeFile(fd);
        }
      } catch (error) {
        fail(ref, error);
      }
    },
    close() {
      for (const fd of open.values()) state.target.calls.closeFile(fd);
      open.clear();
    },
  };
}
