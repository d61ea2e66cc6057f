/** Whether and where this command line wants a local cache. */
import { type CacheWrapper, localCache } from '../operations/local-cache.ts';
import { cacheDirectory } from './directories.ts';
import { plural } from './output/format.ts';
import type { Invocation } from './verb.ts';

/** The folder of all caches; undefined when there is to be none. */
export function cacheBase({ settings, environment }: Invocation): string | undefined {
  return settings.cache ? (settings.cacheDirectory ?? cacheDirectory(environment)) : undefined;
}

/** Puts a cache before a storage; undefined when none is wanted or of use. */
export function cacheFor(invocation: Invocation, location: string): CacheWrapper | undefined {
  const { settings, terminal, context } = invocation;
  const onCleaned = (count: number, base: string): void =>
    terminal.say(`removed ${plural(count, 'old cache')} from ${base}`);
  const options = { base: cacheBase(invocation), location };
  return localCache({ ...options, ...(settings.cleanupCache && { onCleaned }) }, context);
}
