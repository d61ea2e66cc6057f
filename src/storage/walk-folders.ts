/** Walks folders of a server: several at once, because each waits for its answers. */
import { throwIfAborted } from '../kernel/errors.ts';
import { assertPrefix, isUnfinishedName } from './names.ts';

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
  /** bytes */
  readonly size: number;
  /** milliseconds since 1970, where the server tells */
  readonly modified?: number;
}

export interface FoundFile {
  /** relative to the storage's root */
  readonly name: string;
  readonly size: number;
  readonly modified?: number;
}

/**
 * Every file below `folder` ('' or with its `/`) whose name is wanted. `read` answers the entries of one folder, none for an
 * absent one; it is called for `ahead` folders at the same time.
 */
export async function* walkFolders(
  folder: string,
  read: (folder: string) => Promise<readonly FolderEntry[]>,
  ahead: number,
  wanted: (name: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundFile> {
  const waiting = [folder];
  const coming: { at: string; entries: Promise<readonly FolderEntry[]> }[] = [];
  try {
    while (waiting.length > 0 || coming.length > 0) {
      throwIfAborted(signal);
      while (waiting.length > 0 && coming.length < ahead) {
        const at = waiting.shift()!;
        const entries = read(at);
        entries.catch(() => {});
        coming.push({ at, entries });
      }
      const { at, entries } = coming.shift()!;
      for (const { name, kind, size, modified } of await entries) {
        const whole = at + name;
        if (kind === 'folder') waiting.push(`${whole}/`);
        else if (kind === 'file' && wanted(whole))
          yield { name: whole, size, ...(modified === undefined ? {} : { modified }) };
      }
    }
  } finally {
    await Promise.allSettled(coming.map(({ entries }) => entries));
  }
}

/** What a storage lists whose `files` are below a folder: whole files, whose names begin with `prefix`. */
export async function* listFiles(
  prefix: string,
  files: (folder: string, wanted: (name: string) => boolean) => AsyncIterable<FoundFile>,
): AsyncGenerator<FoundFile> {
  assertPrefix(prefix);
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  for await (const file of files(folder, (name) => !isUnfinishedName(name))) {
    if (file.name.startsWith(prefix)) yield file;
  }
}
