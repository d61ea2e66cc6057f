/** What a storage accepts as an object's name, checked in one place so that no name can leave the storage's root. */
import { HoldfastError } from '../kernel/errors.ts';

/** What a write to a folder adds to a name until it is finished; restic's leftovers look the same, on SFTP the second way. */
const unfinished = /-(?:tmp|restic-temp)-[0-9a-f]+$/;

/** The name that an unfinished write was for; undefined for any other name. */
export function nameOfUnfinished(name: string): string | undefined {
  return isUnfinishedName(name) ? name.replace(unfinished, '') : undefined;
}

/** True for the name of a write that has not been finished, ours or restic's. */
export function isUnfinishedName(name: string): boolean {
  return unfinished.test(name);
}

/** Throws the code `usage` for a name that is empty, absolute, has an empty, `.` or `..` part, or a NUL. */
export function assertObjectName(name: string): void {
  const parts = name.split('/');
  const bad =
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    name.includes('\0') ||
    isUnfinishedName(name);
  if (bad) throw new HoldfastError('usage', `${JSON.stringify(name)} cannot be the name of a stored object`);
}

/** Throws the code `usage` for a prefix that could leave the root. */
export function assertPrefix(prefix: string): void {
  if (prefix.startsWith('/') || prefix.includes('\0') || prefix.split('/').includes('..')) {
    throw new HoldfastError('usage', `${JSON.stringify(prefix)} cannot be a prefix of stored objects`);
  }
}
