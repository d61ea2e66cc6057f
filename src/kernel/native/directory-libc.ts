/** Directory-relative calls through libc. */
import { constants } from 'node:fs';
import { cString, emptyCString } from './c-string.ts';
import type { DirectoryCalls, FileTimes } from './directory-calls.ts';
import { type DirectoryHandle, shownPath, walkBelow } from './directory-handle.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  type Libc,
  O_CLOEXEC,
  O_PATH,
  STATX_BASIC,
} from './libc.ts';
import { FORMAT_MASK, FORMAT_SYMLINK, modeFromStatx, recordFromStatx } from './stat-record.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const EPERM = -1;
const ENOSYS = -38;
const ELOOP = -40;
const statBuffer = Buffer.alloc(256);
const statWords = new Int32Array(statBuffer.buffer, statBuffer.byteOffset, 64);
const timespecWords = new BigInt64Array(16);
const timespecBytes = new Uint8Array(timespecWords.buffer);

export function libcDirectoryCalls(native: Libc): DirectoryCalls {
  const openDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  let canOpenBeneath = true;
  const handle = (fd: number, path: Uint8Array): DirectoryHandle | number => (fd < 0 ? fd : { fd, path });
  const openChild = (directory: DirectoryHandle, name: Uint8Array) =>
    handle(
      native.openAt(directory.fd, cString(name), openDirectory | O_NOFOLLOW, 0),
      shownPath(directory, name),
    );
  return {
    kind: 'native',
    openRoot: (path) => handle(native.openAt(AT_FDCWD, cString(path), openDirectory, 0), path),
    openChild,
    openBelow(root, location) {
      if (canOpenBeneath) {
        const fd = native.openBeneath(root.fd, cString(location), openDirectory);
        // old container sandboxes refuse what they do not know with EPERM
        if (fd !== ENOSYS && fd !== EPERM) return handle(fd, shownPath(root, location));
        canOpenBeneath = false;
      }
      return walkBelow(root, location, openChild, (directory) => void native.close(directory.fd));
    },
    close: (directory) => void native.close(directory.fd),
    closeFile: (fd) => native.close(fd),
    stat(directory, name, words) {
      const result = native.statxPath(
        directory.fd,
        cString(name),
        AT_SYMLINK_NOFOLLOW,
        STATX_BASIC,
        statBuffer,
      );
      if (result === 0) recordFromStatx(words, 0, statWords);
      return result;
    },
    statFile(fd, words) {
      const result = native.statxPath(fd, emptyCString, AT_EMPTY_PATH, STATX_BASIC, statBuffer);
      if (result === 0) recordFromStatx(words, 0, statWords);
      return result;
    },
    open: (directory, name, flags, mode) =>
      native.openAt(directory.fd, cString(name), flags | O_NOFOLLOW | O_CLOEXEC, mode),
    makeDirectory: (directory, name, mode) => native.makeDirectoryAt(directory.fd, cString(name), mode),
    removeFile: (directory, name) => native.unlinkAt(directory.fd, cString(name), 0),
    removeDirectory: (directory, name) => native.unlinkAt(directory.fd, cString(name), AT_REMOVEDIR),
    symlink: (target, directory, name) => native.symlinkAt(cString(target), directory.fd, cString(name)),
    link: (fromDirectory, from, directory, name) =>
      native.linkAt(fromDirectory.fd, cString(from), directory.fd, cString(name)),
    makeNode: (directory, name, mode, device) => native.makeNodeAt(directory.fd, cString(name), mode, device),
    chownAt: (directory, name, uid, gid) => native.chownAt(directory.fd, cString(name), uid, gid),
    chmodAt(directory, name, permissions) {
      // the C library cannot change the mode of a name without following it, but of what a descriptor stands for
      const fd = native.openAt(directory.fd, cString(name), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
      if (fd < 0) return fd;
      try {
        const result = native.statxPath(fd, emptyCString, AT_EMPTY_PATH, STATX_BASIC, statBuffer);
        if (result < 0) return result;
        if ((modeFromStatx(statWords) & FORMAT_MASK) === FORMAT_SYMLINK) return ELOOP;
        const itself = Buffer.from(`/proc/self/fd/${fd}`);
        return native.chmodAt(AT_FDCWD, cString(itself), permissions);
      } finally {
        native.close(fd);
      }
    },
    setTimesAt: (directory, name, times) => native.setTimesAt(directory.fd, cString(name), timespecs(times)),
    chown: (fd, uid, gid) => native.chown(fd, uid, gid),
    chmod: (fd, permissions) => native.chmod(fd, permissions),
    setTimes: (fd, times) => native.setTimes(fd, timespecs(times)),
    truncate: (fd, size) => native.truncate(fd, size),
    allocate: (fd, size) => native.allocate(fd, 0, size),
  };
}

function timespecs(times: FileTimes): Uint8Array {
  timespecWords[0] = BigInt(times.atime.sec);
  timespecWords[1] = BigInt(times.atime.nsec);
  timespecWords[2] = BigInt(times.mtime.sec);
  timespecWords[3] = BigInt(times.mtime.nsec);
  return timespecBytes;
}
