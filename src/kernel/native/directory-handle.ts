/** An open directory, and how a path is made that begins at it. */
import { existsSync } from 'node:fs';
import { asBuffer } from './c-string.ts';

export interface DirectoryHandle {
  readonly fd: number;
  /** raw path for messages, and for calls where the system has no /proc */
  readonly path: Uint8Array;
}

const hasDescriptorPaths = existsSync('/proc/self/fd');

/** A path to an entry of the directory that stays with the open directory whatever happens to its name. */
export function pathThrough(directory: DirectoryHandle, name: Uint8Array): Buffer {
  const above = hasDescriptorPaths ? Buffer.from(`/proc/self/fd/${directory.fd}/`) : slashed(directory.path);
  return Buffer.concat([above, name]);
}

/** The entry's path as people know it. */
export function shownPath(directory: DirectoryHandle, name: Uint8Array): Buffer {
  return Buffer.concat([slashed(directory.path), name]);
}

function slashed(path: Uint8Array): Buffer {
  return path[path.length - 1] === 0x2f ? asBuffer(path) : Buffer.concat([path, Buffer.from('/')]);
}

/** Opens one component after the other, none of them a symlink. */
export function walkBelow(
  root: DirectoryHandle,
  location: Uint8Array,
  openChild: (directory: DirectoryHandle, name: Uint8Array) => DirectoryHandle | number,
  close: (directory: DirectoryHandle) => void,
): DirectoryHandle | number {
  let at = root;
  for (let start = 0; start <= location.length;) {
    const slash = location.indexOf(0x2f, start);
    const end = slash < 0 ? location.length : slash;
    const next = openChild(at, location.subarray(start, end));
    if (at !== root) close(at);
    if (typeof next === 'number') return next;
    at = next;
    start = end + 1;
  }
  return at;
}
