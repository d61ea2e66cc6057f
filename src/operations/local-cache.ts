/** The local cache of a repository that lies elsewhere; one on this machine needs none. */
import type { Context } from '../kernel/context.ts';
import { messageOf } from '../kernel/errors.ts';
import { withCache } from '../storage/cache.ts';
import { oldAfter, openCacheDirectory } from '../storage/cache-directory.ts';
import { parseLocation } from '../storage/location.ts';
import type { Storage } from '../storage/storage.ts';
import { cleanCaches } from './cache.ts';

export type CacheWrapper = (storage: Storage, repositoryId: string) => Promise<Storage>;

export interface LocalCacheOptions {
  /** the folder of all caches; undefined when there is to be none */
  readonly base: string | undefined;
  /** of the storage */
  readonly location: string;
  /** told how many old caches were removed; without it none are */
  readonly onCleaned?: ((count: number, base: string) => void) | undefined;
}

const onThisMachine = new Set(['local', 'memory']);

/** Puts a cache before a storage; undefined when none is wanted or of use. A cache that cannot be had is only told. */
export function localCache(
  { base, location, onCleaned }: LocalCacheOptions,
  context: Context,
): CacheWrapper | undefined {
  if (base === undefined || onThisMachine.has(parseLocation(location).kind)) return undefined;
  return async (storage, repositoryId) => {
    try {
      const directory = await openCacheDirectory(base, repositoryId, context.clock);
      if (onCleaned) {
        const removed = await cleanCaches({ base, maxAge: oldAfter }, context);
        if (removed.length > 0) onCleaned(removed.length, base);
      }
      return withCache(storage, { directory, warn: context.warn });
    } catch (error) {
      context.warn(messageOf(error));
      return storage;
    }
  };
}
