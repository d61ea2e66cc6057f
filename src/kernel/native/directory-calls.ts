/**
 * File calls relative to an open directory, so that a name is never looked up through a symlink that somebody planted
 * on the way. With libc these are the *at calls; without it Linux offers the same through /proc/self/fd.
 */
import type { DirectoryHandle } from './directory-handle.ts';
import { libcDirectoryCalls } from './directory-libc.ts';
import { nodeDirectoryCalls } from './directory-node.ts';
import { libc } from './libc.ts';

/** Every call answers 0, or what it opened, or a negative errno. Names are single components; nothing follows a symlink. */
export interface DirectoryCalls {
  readonly kind: 'native' | 'node';
  /** the directory that the user named, symlinks followed */
  openRoot(path: Uint8Array): DirectoryHandle | number;
  openChild(directory: DirectoryHandle, name: Uint8Array): DirectoryHandle | number;
  /** a directory some levels down; `location` is relative and clean */
  openBelow(root: DirectoryHandle, location: Uint8Array): DirectoryHandle | number;
  close(directory: DirectoryHandle): void;
  closeFile(fd: number): number;
  /** lstat into the first record of `words` */
  stat(directory: DirectoryHandle, name: Uint8Array, words: Int32Array): number;
  statFile(fd: number, words: Int32Array): number;
  open(directory: DirectoryHandle, name: Uint8Array, flags: number, mode: number): number;
  makeDirectory(directory: DirectoryHandle, name: Uint8Array, mode: number): number;
  removeFile(directory: DirectoryHandle, name: Uint8Array): number;
  removeDirectory(directory: DirectoryHandle, name: Uint8Array): number;
  symlink(target: Uint8Array, directory: DirectoryHandle, name: Uint8Array): number;
  link(
    fromDirectory: DirectoryHandle,
    from: Uint8Array,
    directory: DirectoryHandle,
    name: Uint8Array,
  ): number;
  /** a fifo or a device; `mode` is st_mode */
  makeNode(directory: DirectoryHandle, name: Uint8Array, mode: number, device: bigint): number;
  chownAt(directory: DirectoryHandle, name: Uint8Array, uid: number, gid: number): number;
  /** of something that is no symlink: one that took its place is refused */
  chmodAt(directory: DirectoryHandle, name: Uint8Array, permissions: number): number;
  setTimesAt(directory: DirectoryHandle, name: Uint8Array, times: FileTimes): number;
  chown(fd: number, uid: number, gid: number): number;
  chmod(fd: number, permissions: number): number;
  setTimes(fd: number, times: FileTimes): number;
  truncate(fd: number, size: number): number;
  /** reserves space; a file system that cannot answers a negative errno, which does no harm */
  allocate(fd: number, size: number): number;
}

/** Seconds since 1970 and nanoseconds. */
export interface FileTimes {
  readonly atime: { readonly sec: number; readonly nsec: number };
  readonly mtime: { readonly sec: number; readonly nsec: number };
}

/** The calls of this thread. */
export const directoryCalls: DirectoryCalls = libc ? libcDirectoryCalls(libc) : nodeDirectoryCalls;
