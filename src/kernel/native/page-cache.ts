/** What the kernel keeps of files in memory: large files that are written or read once need not stay, or go, there. */
import { constants } from 'node:fs';
import { bindOnLinux } from './symbols.ts';

interface Calls {
  readonly advise: (fd: number, offset: number, length: number, advice: number) => number;
  readonly control: (fd: number, command: number, value: number) => number;
  readonly address: (bytes: Uint8Array) => number;
}

/** POSIX_FADV_DONTNEED of Linux */
const dontNeed = 4;
// Linux's numbers.
const [getFlags, setFlags] = [3, 4];
/** Bytes: what goes past the cache begins in memory and ends in the file at multiples of this, whatever the disk. */
export const diskUnit = 4096;

const calls = bindOnLinux<Calls>((bind, koffi) => ({
  advise: bind('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)'),
  control: bind('int fcntl(int fd, int command, int value)'),
  address: (bytes) => Number(koffi.address(bytes)),
}));

/**
 * Gives the memory back in which the kernel keeps a part of a file; what was not synced yet stays. It is advice: where it
 * cannot be given, or a file system does not take it, nothing happens.
 * @param length bytes; 0: to the end
 */
export function forgetPages(fd: number, offset: number, length: number): void {
  calls?.advise(fd, offset, length, dontNeed);
}

/** Shared memory that may go past the kernel's cache, where that is offered. */
export function sharedForDisk(length: number): Uint8Array<SharedArrayBuffer> {
  const bytes = new Uint8Array(new SharedArrayBuffer(length + diskUnit));
  const beyond = (calls?.address(bytes) ?? 0) % diskUnit;
  const start = beyond === 0 ? 0 : diskUnit - beyond;
  return bytes.subarray(start, start + length);
}

/**
 * From now on `bytes` may be written to the file past the kernel's cache, in multiples of `diskUnit`. False where that
 * cannot be; a file system that says yes may still answer EINVAL.
 */
export function bypassCache(fd: number, bytes: Uint8Array): boolean {
  return (
    calls !== undefined && calls.address(bytes) % diskUnit === 0 && change(calls, fd, constants.O_DIRECT)
  );
}

/** What is written from now on takes the usual way. */
export function useCache(fd: number): void {
  if (calls) change(calls, fd, 0);
}

function change({ control }: Calls, fd: number, direct: number): boolean {
  const flags = control(fd, getFlags, 0);
  return flags >= 0 && control(fd, setFlags, (flags & ~constants.O_DIRECT) | direct) === 0;
}
