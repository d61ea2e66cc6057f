/** What stands in the place of a file: found out before anything is fetched, so that what is right is not fetched again. */
import { readSync } from 'node:fs';
import { calling } from '../../kernel/native/system-error.ts';
import { messageOf } from '../../kernel/errors.ts';
import { sha256Into } from '../../kernel/native/crypto.ts';
import { applyToFile } from '../../sources/files/target/apply-metadata.ts';
import { contentIsTrusted, mayOverwrite } from '../../sources/files/target/overwrite.ts';
import { openExisting } from '../../sources/files/target/write-file.ts';
import { plainLength } from '../blob-set.ts';
import { fileState } from './plan-arena.ts';
import type { WorkerState } from './worker-state.ts';

export interface Inspector {
  /** Settles the state of a file, and applies the metadata of one that is right. */
  inspect(ref: number): void;
  /** Reads a restored file back. Undefined when it is right, else what is wrong. */
  verify(ref: number): string | undefined;
}

export function createInspector(state: WorkerState): Inspector {
  const { task, index, policy } = state;
  const hash = Buffer.alloc(32);
  const id = new Uint8Array(32);
  let room = Buffer.alloc(1 << 20);

  /** Calls `judge` with each blob's offset and whether the file has it there, until it says false. */
  function compareBlobs(
    fd: number,
    ref: number,
    path: Uint8Array,
    judge: (blob: number, offset: number, matches: boolean) => boolean,
  ): void {
    const { arena } = state;
    let offset = 0;
    for (let blob = 0; blob < arena.blobCount(ref); blob++) {
      const entry = arena.entry(ref, blob);
      const length = plainLength(index, entry);
      if (room.length < length) room = Buffer.alloc(Math.max(length, 2 * room.length));
      let read = 0;
      while (read < length) {
        const n = calling('read', path, () => readSync(fd, room, read, length - read, offset + read));
        if (n === 0) break;
        read += n;
      }
      let matches = read === length;
      if (matches) {
        sha256Into(room.subarray(0, length), hash, 0);
        index.readId(entry, id, 0);
        matches = hash.equals(id);
      }
      if (!judge(blob, offset, matches)) return;
      offset += length;
    }
  }

  function compare(ref: number): void {
    const { arena } = state;
    const directory = state.directoryOf(ref);
    const name = arena.name(ref);
    const path = arena.path(ref);
    const existing = openExisting(state.target, directory, name);
    if (!existing) return;
    const { fd, stat } = existing;
    try {
      const size = arena.size(ref);
      let right = stat.size(0) === size;
      if (!contentIsTrusted(task.overwrite, stat, { size, mtime: arena.mtime(ref) })) {
        compareBlobs(fd, ref, path, (blob, _, matches) => {
          if (matches) arena.markMatched(ref, blob);
          else right = false;
          return true;
        });
      }
      arena.setState(ref, right ? fileState.same : fileState.partial);
      // its other names must not change with it: a new file takes its place, which has nothing yet
      if (!right && stat.links(0) > 1) arena.clearMatches(ref);
      if (!right || task.dryRun) return;
      const owner = { uid: stat.uid(0), gid: stat.gid(0) };
      try {
        const known = { owner, permissions: stat.mode(0) & 0o7777 };
        applyToFile(state.target, fd, path, arena.metadata(ref), policy, known);
      } catch (error) {
        state.tellProblem(ref, error);
      }
    } finally {
      state.target.calls.closeFile(fd);
    }
  }

  return {
    inspect(ref) {
      const { arena } = state;
      try {
        if (task.overwrite === 'never' || task.overwrite === 'if-newer') {
          const stat = state.target.stat(state.directoryOf(ref), arena.name(ref));
          if (!mayOverwrite(task.overwrite, stat, { size: arena.size(ref), mtime: arena.mtime(ref) })) {
            return arena.setState(ref, fileState.kept);
          }
        }
        compare(ref);
      } catch {
        // It is written anew, and if that fails as well, that failure says why.
        arena.clearMatches(ref);
      }
    },
    verify(ref) {
      const { arena } = state;
      const path = arena.path(ref);
      let wrong: string | undefined;
      try {
        const existing = openExisting(state.target, state.directoryOf(ref), arena.name(ref));
        if (!existing) return 'it is not there, or no regular file';
        const { fd, stat } = existing;
        try {
          if (stat.size(0) !== arena.size(ref)) {
            return `it should have ${arena.size(ref)} bytes and has ${stat.size(0)}`;
          }
          compareBlobs(fd, ref, path, (_, offset, matches) => {
            if (!matches) wrong = `unexpected content, starting at offset ${offset}`;
            return matches;
          });
        } finally {
          state.target.calls.closeFile(fd);
        }
      } catch (error) {
        return messageOf(error);
      }
      return wrong;
    },
  };
}
