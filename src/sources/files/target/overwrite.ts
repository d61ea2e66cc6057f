/** What a restore does with files that are already there: `--overwrite`. */
import type { StatRecords } from '../../../kernel/native/stat-record.ts';

export type OverwritePolicy = 'always' | 'if-changed' | 'if-newer' | 'never';

export const overwritePolicies: readonly OverwritePolicy[] = ['always', 'if-changed', 'if-newer', 'never'];

interface Wanted {
  readonly size: number;
  readonly mtime: { readonly sec: number; readonly nsec: number };
}

/** Whether the entry is restored at all; `existing` is what stands in its place. */
export function mayOverwrite(
  policy: OverwritePolicy,
  existing: StatRecords | undefined,
  wanted: Wanted,
): boolean {
  if (!existing || policy === 'always' || policy === 'if-changed') return true;
  if (policy === 'never') return false;
  const sec = existing.mtimeSec(0);
  return wanted.mtime.sec > sec || (wanted.mtime.sec === sec && wanted.mtime.nsec > existing.mtimeNsec(0));
}

/** With `if-changed`, a regular file of the same size and time is taken to be right without reading it; metadata is still applied. */
export function contentIsTrusted(policy: OverwritePolicy, existing: StatRecords, wanted: Wanted): boolean {
  return (
    policy === 'if-changed' &&
    existing.isFile(0) &&
    existing.size(0) === wanted.size &&
    existing.mtimeSec(0) === wanted.mtime.sec &&
    existing.mtimeNsec(0) === wanted.mtime.nsec
  );
}
