/** Directory-relative calls with node:fs alone: no fifos, devices or exact nanoseconds, and no attributes. */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { asBuffer } from './c-string.ts';
import type { DirectoryCalls } from './directory-calls.ts';
import { type DirectoryHandle, pathThrough, shownPath, walkBelow } from './directory-handle.ts';
import { recordFromNode } from './stat-record.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const ELOOP = -40;
const ENOTSUP = -95;

/** The call's own result, or the negative errno of what it threw. */
function attempt(call: () => number | void): number {
  try {
    return call() ?? 0;
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    if (typeof errno !== 'number') throw error;
    return errno;
  }
}

function openChild(directory: DirectoryHandle, name: Uint8Array): DirectoryHandle | number {
  const fd = attempt(() => openSync(pathThrough(directory, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return fd < 0 ? fd : { fd, path: shownPath(directory, name) };
}

/** node:fs takes seconds as a double: exact to a few hundred nanoseconds. */
const seconds = (time: { readonly sec: number; readonly nsec: number }) => time.sec + time.nsec / 1e9;

export const nodeDirectoryCalls: DirectoryCalls = {
  kind: 'node',
  openRoot(path) {
    const fd = attempt(() => openSync(asBuffer(path), O_RDONLY | O_DIRECTORY));
    return fd < 0 ? fd : { fd, path };
  },
  openChild,
  openBelow: (root, location) => walkBelow(root, location, openChild, (directory) => closeSync(directory.fd)),
  close: (directory) => closeSync(directory.fd),
  closeFile: (fd) => attempt(() => closeSync(fd)),
  stat: (directory, name, words) =>
    attempt(() => recordFromNode(words, 0, lstatSync(pathThrough(directory, name), { bigint: true }))),
  statFile: (fd, words) => attempt(() => recordFromNode(words, 0, fstatSync(fd, { bigint: true }))),
  open: (directory, name, flags, mode) =>
    attempt(() => openSync(pathThrough(directory, name), flags | O_NOFOLLOW, mode)),
  makeDirectory: (directory, name, mode) => attempt(() => void mkdirSync(pathThrough(directory, name), mode)),
  removeFile: (directory, name) => attempt(() => unlinkSync(pathThrough(directory, name))),
  removeDirectory: (directory, name) => attempt(() => rmdirSync(pathThrough(directory, name))),
  symlink: (target, directory, name) =>
    attempt(() => symlinkSync(asBuffer(target), pathThrough(directory, name))),
  link: (fromDirectory, from, directory, name) =>
    attempt(() => linkSync(pathThrough(fromDirectory, from), pathThrough(directory, name))),
  makeNode: () => ENOTSUP,
  chownAt: (directory, name, uid, gid) => attempt(() => lchownSync(pathThrough(directory, name), uid, gid)),
  chmodAt: (directory, name, permissions) =>
    attempt(() => {
      const path = pathThrough(directory, name);
      if (lstatSync(path).isSymbolicLink()) return ELOOP;
      return chmodSync(path, permissions);
    }),
  setTimesAt: (directory, name, times) =>
    attempt(() => lutimesSync(pathThrough(directory, name), seconds(times.atime), seconds(times.mtime))),
  chown: (fd, uid, gid) => attempt(() => fchownSync(fd, uid, gid)),
  chmod: (fd, permissions) => attempt(() => fchmodSync(fd, permissions)),
  setTimes: (fd, times) => attempt(() => futimesSync(fd, seconds(times.atime), seconds(times.mtime))),
  truncate: (fd, size) => attempt(() => ftruncateSync(fd, size)),
  allocate: () => ENOTSUP,
};
