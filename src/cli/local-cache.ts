/** The local cache of a repository that lies elsewhere; one on this machine needs none. */
import { messageOf } from '../kernel/errors.ts';
import { cleanCaches } from '../operations/cache.ts';
import { withCache } from '../storage/cache.ts';
import { oldAfter, openCacheDirectory } from '../storage/cache-directory.ts';
import { parseLocation } from '../storage/location.ts';
import type { Storage } from '../storage/storage.ts';
import { cacheDirectory } from './directories.ts';
import { plural } from './output/format.ts';
import type { Invocation } from './verb.ts';

export type CacheWrapper = (storage: Storage, repositoryId: string) => Promise<Storage>;

/** The folder of all caches; undefined when there is to be none. */
export function cacheBase({ settings, environment }: Invocation): string | undefined {
  return settings.cache ? (settings.cacheDirectory ?? cacheDirectory(environment)) : undefined;
}

const onThisMachine = new Set(['local', 'memory']);

/** Puts a cache before a storage; undefined when none is wanted or of use. A cache that cannot be had is only told. */
export function cacheFor(invocation: Invocation, location: string): CacheWrapper | undefined {
  const base = cacheBase(invocation);
  if (base === undefined || onThisMachine.has(parseLocation(location).kind)) return undefined;
  const { settings, terminal, context } = invocation;
  return async (storage, repositoryId) => {
    try {
      const directory = await openCacheDirectory(base, repositoryId, context.clock);
      if (settings.cleanupCache) {
        const removed = await cleanCaches({ base, maxAge: oldAfter }, context);
        if (removed.length > 0) terminal.say(`removed ${plural(removed.length, 'old cache')} from ${base}`);
      }
      return withCache(storage, { directory, warn: context.warn });
    } catch (error) {
      context.warn(messageOf(error));
      return storage;
    }
  };
}
