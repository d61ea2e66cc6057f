/** Creates the entries of a restore: directories, symlinks, hard links, fifos and devices; whatever is in the way goes. */
import { HoldfastError } from '../../../kernel/errors.ts';
import { type DirectoryHandle, shownPath } from '../../../kernel/native/directory-handle.ts';
import {
  FORMAT_BLOCK,
  FORMAT_CHARACTER,
  FORMAT_FIFO,
  FORMAT_SOCKET,
} from '../../../kernel/native/stat-record.ts';
import { checkResult, showPath, systemError } from '../../../kernel/native/system-error.ts';
import type { FileTarget } from './file-target.ts';
import { checkName } from './safe-name.ts';

const EPERM = -1;
const ENOENT = -2;
const EEXIST = -17;
const EISDIR = -21;
const ENOTSUP = -95;

/**
 * Makes sure that a directory stands there; a file or symlink in its place is removed, never followed.
 * A new one has mode 0700 until its metadata is applied.
 * @returns true when it is new
 * @throws HoldfastError `forbidden`, `disk-full`, `failed`; `corrupt` for hostile names
 */
export function ensureDirectory(target: FileTarget, parent: DirectoryHandle, name: Uint8Array): boolean {
  checkName(name);
  const made = target.calls.makeDirectory(parent, name, 0o700);
  if (made === 0) return true;
  if (made !== EEXIST) throw systemError('create directory', shownPath(parent, name), made);
  if (target.stat(parent, name)?.isDirectory(0) === true) return false;
  removeEntry(target, parent, name);
  const again = target.calls.makeDirectory(parent, name, 0o700);
  checkResult('create directory', shownPath(parent, name), again);
  return true;
}

/**
 * Creates every directory of a raw path below the target, such as `home/me`.
 * @throws HoldfastError as `ensureDirectory`
 */
export function ensureDirectories(target: FileTarget, location: Uint8Array): void {
  for (let end = location.indexOf(0x2f); ; end = location.indexOf(0x2f, end + 1)) {
    const part = end < 0 ? location : location.subarray(0, end);
    const slash = part.lastIndexOf(0x2f);
    const parent = target.directory(part.subarray(0, Math.max(slash, 0)));
    ensureDirectory(target, parent, part.subarray(slash + 1));
    if (end < 0) return;
  }
}

/** @param linkTarget raw bytes, kept as they are: a symlink that leads out of the target is restored, but never followed */
export function createSymlink(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
  linkTarget: Uint8Array,
): void {
  checkName(name);
  if (linkTarget.length === 0 || linkTarget.includes(0)) {
    throw new HoldfastError(
      'corrupt',
      `the symlink ${showPath(shownPath(parent, name))} has no valid target`,
    );
  }
  replacing(target, parent, name, 'create symlink', () => target.calls.symlink(linkTarget, parent, name));
}

/** Another name for a file that this restore has already made. */
export function createHardLink(
  target: FileTarget,
  from: { readonly parent: DirectoryHandle; readonly name: Uint8Array },
  parent: DirectoryHandle,
  name: Uint8Array,
): void {
  checkName(name);
  checkName(from.name);
  replacing(target, parent, name, 'link', () => target.calls.link(from.parent, from.name, parent, name));
}

const formats = { fifo: FORMAT_FIFO, socket: FORMAT_SOCKET, dev: FORMAT_BLOCK, chardev: FORMAT_CHARACTER };

/**
 * A fifo, a socket nobody listens on, or a device of the given number.
 * @throws HoldfastError `forbidden` when the user may not create devices; `unsupported` where the system has no call for it
 */
export function createSpecial(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
  type: 'fifo' | 'socket' | 'dev' | 'chardev',
  device: bigint,
): void {
  checkName(name);
  const isDevice = type === 'dev' || type === 'chardev';
  const number = isDevice ? device : 0n;
  const make = () => {
    const result = target.calls.makeNode(parent, name, formats[type] | 0o600, number);
    const path = showPath(shownPath(parent, name));
    if (result === EPERM && isDevice) {
      throw new HoldfastError('forbidden', `the device ${path} may not be created`, {
        hint: 'only root may create device files, and not inside every container',
      });
    }
    if (result === ENOTSUP) {
      throw new HoldfastError('unsupported', `${path}: a ${type} cannot be created on this system`);
    }
    return result;
  };
  replacing(target, parent, name, 'mknod', make);
}

/**
 * Removes a file, a symlink or an empty directory.
 * @returns false when nothing was there
 */
export function removeEntry(target: FileTarget, parent: DirectoryHandle, name: Uint8Array): boolean {
  checkName(name);
  let result = target.calls.removeFile(parent, name);
  // POSIX says EPERM for a directory where Linux says EISDIR
  if (result === EISDIR || (result === EPERM && target.stat(parent, name)?.isDirectory(0) === true)) {
    result = target.calls.removeDirectory(parent, name);
  }
  if (result === ENOENT) return false;
  checkResult('remove', shownPath(parent, name), result);
  return true;
}

/** Creates first, and only when something is in the way takes that away. */
function replacing(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
  what: string,
  create: () => number,
): void {
  let result = create();
  if (result === EEXIST) {
    removeEntry(target, parent, name);
    result = create();
  }
  checkResult(what, shownPath(parent, name), result);
}
