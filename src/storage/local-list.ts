/** Walks a folder of the local storage: names and sizes of the finished files in it. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../kernel/errors.ts';
import { errnoOf } from './local-errors.ts';
import { isUnfinishedName } from './names.ts';
import type { StoredObject } from './storage.ts';

/** Files whose size is asked for at the same time. */
const batch = 128;

/** Every file below `folder` ('' or with its `/`), names relative to `root`. An absent folder is empty. */
export async function* listFolder(
  root: string,
  folder: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  throwIfAborted(signal);
  let entries;
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  const files = entries.filter((entry) => entry.isFile() && !isUnfinishedName(entry.name));
  for (let at = 0; at < files.length; at += batch) {
    throwIfAborted(signal);
    const found = await Promise.all(
      files.slice(at, at + batch).map((entry) => describe(root, folder + entry.name)),
    );
    for (const object of found) if (object !== undefined) yield object;
  }
  for (const entry of entries) {
    if (entry.isDirectory()) yield* listFolder(root, `${folder}${entry.name}/`, signal);
  }
}

async function describe(root: string, name: string): Promise<StoredObject | undefined> {
  try {
    const { size, mtimeMs } = await lstat(join(root, name));
    return { name, size, modified: mtimeMs };
  } catch (error) {
    // Removed since the folder was read.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
