/** The local caches: which there are, and removing those that nobody used for long. */
import type { Context } from '../kernel/context.ts';
import type { CacheDirectory } from '../storage/cache-directory.ts';
import { listCacheDirectories, removeCacheDirectory } from '../storage/cache-directory.ts';

export interface ListedCache extends CacheDirectory {
  /** not used for longer than `maxAge` */
  readonly old: boolean;
}

export interface CacheListOptions {
  /** folder of all caches */
  readonly base: string;
  /** milliseconds */
  readonly maxAge: number;
}

/** All caches below the folder, the one that was used longest ago first. */
export async function listCaches(
  { base, maxAge }: CacheListOptions,
  context: Context,
): Promise<ListedCache[]> {
  const caches = await listCacheDirectories(base);
  const now = context.clock.now();
  return caches
    .map((cache) => ({ ...cache, old: now - cache.used > maxAge }))
    .sort((a, b) => a.used - b.used);
}

/** Removes the old ones; resolves to them. */
export async function cleanCaches(options: CacheListOptions, context: Context): Promise<ListedCache[]> {
  const old = (await listCaches(options, context)).filter((cache) => cache.old);
  for (const cache of old) await removeCacheDirectory(cache);
  return old;
}
