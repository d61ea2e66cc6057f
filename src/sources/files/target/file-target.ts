/** The directory that a restore goes into. Everything below it is reached through open directories, never through symlinks. */
import { mkdirSync } from 'node:fs';
import { hasCode, HoldfastError } from '../../../kernel/errors.ts';
import { asBuffer } from '../../../kernel/native/c-string.ts';
import { type DirectoryCalls, directoryCalls } from '../../../kernel/native/directory-calls.ts';
import { type DirectoryHandle, shownPath } from '../../../kernel/native/directory-handle.ts';
import { RECORD_BYTES, StatRecords } from '../../../kernel/native/stat-record.ts';
import { calling, errnoName, showPath, systemError } from '../../../kernel/native/system-error.ts';
import { directoryName, equalBytes } from '../path.ts';
import { checkLocation, checkName } from './safe-name.ts';

/** How a thread works in the target; every thread opens its own. All calls are synchronous. */
export interface FileTarget {
  readonly calls: DirectoryCalls;
  readonly root: DirectoryHandle;
  /**
   * An existing directory below the target by its raw path, such as `home/me`, or the target itself for an empty one.
   * It stays open for a while, and must be asked for again after other directories were: never keep it.
   * @throws HoldfastError `not-found`, `forbidden`; `corrupt` for hostile names; `failed` when a symlink or a file is on the way
   */
  directory(location: Uint8Array): DirectoryHandle;
  /** What stands there now; undefined when nothing does. The record is a fresh one. */
  stat(directory: DirectoryHandle, name: Uint8Array): StatRecords | undefined;
  [Symbol.dispose](): void;
}

/** Directories that are kept open: enough for the way down and the files that are being written around it. */
const KEPT_OPEN = 96;
const ENOENT = -2;
const ENOTDIR = -20;
const ELOOP = -40;

/**
 * Opens the target, and creates it with mode 0700 when it is missing.
 * @param path raw; symlinks on the way to it are the user's own and are followed
 * @throws HoldfastError `forbidden`, `failed`
 */
export function openFileTarget(
  path: Uint8Array,
  options: { readonly create: boolean },
  calls: DirectoryCalls = directoryCalls,
): FileTarget {
  if (options.create) {
    makeDirectories(path);
  }
  const root = calls.openRoot(path);
  if (root === ENOTDIR) throw notADirectory(path);
  if (typeof root === 'number') throw systemError('open', path, root);
  const open = new Map<string, DirectoryHandle>();
  const words = new Int32Array(RECORD_BYTES / 4);

  const keep = (key: string, directory: DirectoryHandle) => {
    if (open.size >= KEPT_OPEN) {
      const [oldest, handle] = open.entries().next().value!;
      open.delete(oldest);
      calls.close(handle);
    }
    open.set(key, directory);
    return directory;
  };
  return {
    calls,
    root,
    directory(location) {
      if (location.length === 0) return root;
      const key = asBuffer(location).toString('latin1');
      const known = open.get(key);
      if (known) {
        // the map's order is the order of use
        open.delete(key);
        open.set(key, known);
        return known;
      }
      checkLocation(location);
      const opened = calls.openBelow(root, location);
      if (typeof opened !== 'number') return keep(key, opened);
      throw refusal(shownPath(root, location), opened);
    },
    stat(directory, name) {
      checkName(name);
      const result = calls.stat(directory, name, words);
      if (result === ENOENT) return undefined;
      if (result < 0) throw systemError('lstat', shownPath(directory, name), result);
      return new StatRecords(words.slice().buffer);
    },
    [Symbol.dispose]() {
      for (const handle of open.values()) calls.close(handle);
      open.clear();
      calls.close(root);
    },
  };
}

/** Node's own recursive way never ends where a directory exists and nothing can be made in it, as in /proc. */
function makeDirectories(path: Uint8Array): void {
  try {
    makeDirectory(path);
  } catch (error) {
    const above = directoryName(path);
    if (!hasCode(error, 'not-found') || equalBytes(above, path)) throw error;
    makeDirectories(above);
    makeDirectory(path);
  }
}

/** What is there already is judged when it is opened. */
function makeDirectory(path: Uint8Array): void {
  try {
    calling('create directory', path, () => mkdirSync(asBuffer(path), { mode: 0o700 }));
  } catch (error) {
    if (errnoName(error) === 'ENOTDIR') throw notADirectory(path);
    if (error instanceof HoldfastError && error.code === 'forbidden') {
      const hint = 'choose a target that you may write to';
      throw new HoldfastError(error.code, error.message, { cause: error.cause, hint });
    }
    if (!hasCode(error, 'exists')) throw error;
  }
}

function notADirectory(path: Uint8Array): HoldfastError {
  return new HoldfastError(
    'failed',
    `the target ${showPath(path)} is a file, or a file is on the way to it`,
    {
      hint: 'name a directory, or one that does not exist yet: what is restored is put below it',
    },
  );
}

/** The error for a directory that could not be opened; a symlink in its place is said plainly. */
function refusal(path: Uint8Array, errno: number): HoldfastError {
  if (errno !== ELOOP && errno !== ENOTDIR) return systemError('open', path, errno);
  return new HoldfastError('failed', `${showPath(path)} is not a directory, or reached through a symlink`, {
    hint: 'nothing is written through symlinks inside the target: remove it and restore again',
  });
}
