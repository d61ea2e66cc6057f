/** The flags of `backup` that choose among files, which mean nothing for a database. */
import { HoldfastError } from '../kernel/errors.ts';
import type { DatabaseDriver } from '../sources/database/driver.ts';
import type { ExcludeFlags, IncludeFlags } from './pattern-flags.ts';

export interface FileFlags extends ExcludeFlags, IncludeFlags {
  oneFileSystem?: boolean;
  excludeIfPresent?: string[];
  excludeCaches?: boolean;
  excludeLargerThan?: string;
  filesFrom?: string[];
  filesFromVerbatim?: string[];
  filesFromRaw?: string[];
  ignoreCtime?: boolean;
  ignoreInode?: boolean;
  withAtime?: boolean;
}

/** As they are written. */
const names: Readonly<Record<keyof FileFlags, string>> = {
  exclude: '--exclude',
  iexclude: '--iexclude',
  excludeFile: '--exclude-file',
  iexcludeFile: '--iexclude-file',
  include: '--include',
  iinclude: '--iinclude',
  includeFile: '--include-file',
  iincludeFile: '--iinclude-file',
  excludeIfPresent: '--exclude-if-present',
  excludeCaches: '--exclude-caches',
  excludeLargerThan: '--exclude-larger-than',
  oneFileSystem: '--one-file-system',
  filesFrom: '--files-from',
  filesFromVerbatim: '--files-from-verbatim',
  filesFromRaw: '--files-from-raw',
  ignoreCtime: '--ignore-ctime',
  ignoreInode: '--ignore-inode',
  withAtime: '--with-atime',
};

/** Code `usage` when flags are given that mean nothing for a database. */
export function refuseFileFlags(driver: DatabaseDriver, flags: FileFlags): void {
  const given = (Object.keys(names) as (keyof FileFlags)[]).find((name) => flags[name]);
  if (given === undefined) return;
  throw new HoldfastError('usage', `${names[given]} is for files`, {
    hint: hintFor(given, driver),
  });
}

function hintFor(name: keyof FileFlags, { choices, kinds }: DatabaseDriver): string {
  if (name.startsWith('filesFrom'))
    return 'a database is backed up by itself: make another snapshot for the files';
  if (/^i{1,2}nclude/.test(name) && choices.includes('tables'))
    return 'of a database, --table takes some tables alone';
  if (choices.includes('excludeTables')) return 'of a database, --exclude-table leaves tables out';
  return `a database of ${kinds.join(' and ')} is taken whole`;
}
