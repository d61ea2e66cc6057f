/**
 * The folder that local caches live in, laid out as restic's: a folder for each repository, named by its id, and a tag
 * that tells backup programs to leave it out.
 */
import { mkdir, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import { systemClock } from '../kernel/clock.ts';
import { errnoOf } from './local-errors.ts';

export interface CacheDirectory {
  /** id of the repository, 64 hex digits */
  readonly repositoryId: string;
  readonly path: string;
  /** last use, milliseconds since 1970 */
  readonly used: number;
  /** bytes in all files */
  readonly size: number;
}

const signature = 'Signature: 8a477f597d28d172789f06886806bc55\n';
/** Raised when the layout changes; a cache of a newer layout is left alone. */
const layoutVersion = 1;
const repositoryName = /^[0-9a-f]{64}$/;

/** Caches that were not used for so long are old, milliseconds. */
export const oldAfter = 30 * 24 * 3_600_000;

/** Makes the cache of one repository below `base` ready and marks it as used now; returns its path. */
export async function openCacheDirectory(
  base: string,
  repositoryId: string,
  clock: Clock = systemClock,
): Promise<string> {
  if (!repositoryName.test(repositoryId)) {
    throw new HoldfastError('usage', `${repositoryId} is not the id of a repository`);
  }
  const path = join(base, repositoryId);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeUnlessThere(join(base, 'CACHEDIR.TAG'), signature);
    await writeUnlessThere(join(path, 'version'), String(layoutVersion));
    const version = Number(await readFile(join(path, 'version'), 'utf8'));
    if (version > layoutVersion) {
      throw new HoldfastError('unsupported', `the cache ${path} was made by a newer version of holdfast`);
    }
    const now = clock.now() / 1000;
    await utimes(path, now, now);
    return path;
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError('failed', `the cache ${path} cannot be used: ${messageOf(error)}`, {
      hint: 'choose another folder with --cache-dir, or go without with --no-cache',
      cause: error,
    });
  }
}

/** All caches below `base`, without order; empty when there is no such folder. */
export async function listCacheDirectories(base: string): Promise<CacheDirectory[]> {
  const found: CacheDirectory[] = [];
  for (const entry of await readFolder(base)) {
    if (!entry.isDirectory() || !repositoryName.test(entry.name)) continue;
    const path = join(base, entry.name);
    const { mtimeMs } = await stat(path);
    found.push({ repositoryId: entry.name, path, used: mtimeMs, size: await sizeOf(path) });
  }
  return found;
}

/** Removes a cache with all that is in it. */
export async function removeCacheDirectory(cache: CacheDirectory): Promise<void> {
  await rm(cache.path, { recursive: true, force: true });
}

async function writeUnlessThere(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

async function readFolder(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  let total = 0;
  for (const entry of await readFolder(path)) {
    const below = join(path, entry.name);
    total += entry.isDirectory() ? await sizeOf(below) : (await stat(below)).size;
  }
  return total;
}
