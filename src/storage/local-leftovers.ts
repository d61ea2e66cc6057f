/** Temporary files of writers that were killed: the local storage passes over them, and somebody has to remove them. */
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../kernel/errors.ts';
import { errnoOf } from './local-errors.ts';
import { nameOfUnfinished } from './names.ts';
import type { Leftover } from './storage.ts';

/** Those below `folder` ('' or with its `/`) that nobody has written to since `before`, names relative to `root`. */
export async function* findLeftovers(
  root: string,
  folder: string,
  before: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Leftover> {
  throwIfAborted(signal);
  let entries;
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) {
    if (entry.isDirectory()) yield* findLeftovers(root, `${folder}${entry.name}/`, before, signal);
    const name = entry.isFile() ? nameOfUnfinished(entry.name) : undefined;
    if (name === undefined) continue;
    const path = join(root, folder + entry.name);
    const size = await sizeIfOld(path, before);
    if (size === undefined) continue;
    yield { name: folder + name, size, remove: () => removeIfOld(path, before) };
  }
}

/** Bytes; undefined for a file that has been written to since, or is gone. */
async function sizeIfOld(path: string, before: number): Promise<number | undefined> {
  try {
    const { size, mtimeMs } = await lstat(path);
    return mtimeMs < before ? size : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function removeIfOld(path: string, before: number): Promise<void> {
  if ((await sizeIfOld(path, before)) === undefined) return;
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
