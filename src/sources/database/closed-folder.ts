/** Tells which folder keeps the user of a throwaway server out of its program, of which the system says no more than EACCES. */
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { UserIdentity } from '../../kernel/process.ts';

/** A hint: the folder that is closed, or both that must be open where none is seen to be closed. */
export async function closedFolderHint(
  program: string,
  folder: string,
  identity: UserIdentity,
): Promise<string> {
  const who = `the user with the number ${identity.uid}, whom the server runs as,`;
  const closed = (await closedTo(program, identity)) ?? (await closedTo(folder, identity));
  if (closed === undefined) return `${who} must be able to enter ${dirname(program)} and ${dirname(folder)}`;
  const instead = folder.startsWith(`${closed}/`) ? 'choose another TMPDIR' : 'install the server elsewhere';
  return `${who} may not enter ${closed}: ${instead}, or open it with chmod o+x`;
}

/** The first folder on the way, and on that behind symbolic links. */
async function closedTo(path: string, identity: UserIdentity): Promise<string | undefined> {
  const folders = [...foldersAbove(path), ...foldersAbove(await realpath(path).catch(() => path))];
  for (const folder of folders) {
    const found = await stat(folder).catch(() => undefined);
    if (found && !mayEnter(found, identity)) return folder;
  }
  return undefined;
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}

function mayEnter(
  { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
  identity: UserIdentity,
): boolean {
  if (uid === identity.uid) return (mode & 0o100) !== 0;
  return (mode & (gid === identity.gid ? 0o010 : 0o001)) !== 0;
}
