/** Walks folders of an SSH server: several at once, because each waits for its answers. */
import type { FileEntryWithStats } from 'ssh2';
import { throwIfAborted } from '../../kernel/errors.ts';
import { status, statusOf } from './errors.ts';
import type { Session } from './session.ts';

export interface FoundFile {
  /** relative to the storage's root */
  readonly name: string;
  /** bytes */
  readonly size: number;
  /** milliseconds since 1970 */
  readonly modified: number;
}

/** Folders that are read at the same time: a repository has 256 below data/. */
const foldersAhead = 16;

/** Every file below `folder` ('' or with its `/`) whose name is wanted. An absent folder is empty. */
export async function* listFiles(
  session: Session,
  pathOf: (name: string) => string,
  folder: string,
  wanted: (name: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundFile> {
  const folders = [folder];
  const coming: Promise<FileEntryWithStats[]>[] = [];
  const names: string[] = [];
  try {
    while (folders.length > 0 || coming.length > 0) {
      while (folders.length > 0 && coming.length < foldersAhead) {
        const next = folders.shift()!;
        const entries = entriesOf(session, pathOf(next), signal);
        entries.catch(() => {});
        names.push(next);
        coming.push(entries);
      }
      const at = names.shift()!;
      const entries = await coming.shift()!;
      throwIfAborted(signal);
      for (const { filename, attrs } of entries) {
        const name = at + filename;
        if (attrs.isDirectory()) folders.push(`${name}/`);
        else if (attrs.isFile() && wanted(name))
          yield { name, size: attrs.size, modified: attrs.mtime * 1000 };
      }
    }
  } finally {
    await Promise.allSettled(coming);
  }
}

async function entriesOf(
  session: Session,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FileEntryWithStats[]> {
  try {
    const entries = await session.ask<FileEntryWithStats[]>((sftp, done) => sftp.readdir(path, done), signal);
    return entries.filter(({ filename }) => filename !== '.' && filename !== '..');
  } catch (error) {
    if (statusOf(error) === status.noSuchFile) return [];
    throw error;
  }
}
