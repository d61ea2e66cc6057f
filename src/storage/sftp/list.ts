/** Reads one folder of an SSH server. */
import type { FileEntryWithStats } from 'ssh2';
import type { FolderEntry } from '../walk-folders.ts';
import { status, statusOf } from './errors.ts';
import type { Session } from './session.ts';

/** None for a folder that is absent. */
export async function readFolder(
  session: Session,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FolderEntry[]> {
  try {
    const entries = await session.ask<FileEntryWithStats[]>((sftp, done) => sftp.readdir(path, done), signal);
    return entries
      .filter(({ filename }) => filename !== '.' && filename !== '..')
      .map(({ filename: name, attrs }) => ({
        name,
        kind: attrs.isDirectory() ? 'folder' : attrs.isFile() ? 'file' : 'other',
        size: attrs.size,
        modified: attrs.mtime * 1000,
      }));
  } catch (error) {
    if (statusOf(error) === status.noSuchFile) return [];
    throw error;
  }
}
