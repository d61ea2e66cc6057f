/** What a run of a job would remove, told before it is run: nothing is written, and hooks are not run. */
import { hasCode, messageOf, throwIfAborted } from '../kernel/errors.ts';
import type { Job } from './job.ts';
import { openSource } from './open-sources.ts';
import type { RunContext } from './run-context.ts';
import { openVault, sourceOptions } from './run-job.ts';

export interface Forecast {
  readonly vault: string;
  readonly source: string;
  /** names and times, oldest first */
  readonly remove: readonly string[];
  /** why nothing would be removed, or why that cannot be told */
  readonly held?: string;
}

/** Of each source in each vault with retention, as if it had been backed up now without a flaw. */
export async function forecastRetention(job: Job, context: RunContext): Promise<Forecast[]> {
  const found: Forecast[] = [];
  for (const one of job.vaults) {
    if (one.retention === undefined) continue;
    const base = { vault: one.name, remove: [] };
    try {
      // a run may make it, and a forecast makes nothing
      const as = one.kind === 'repository' ? { ...one, create: false } : one;
      await using vault = await openVault(as, context);
      for (const source of job.sources) {
        try {
          const opened = await openSource(source, sourceOptions(job, context.clock.now(), context), context);
          for (const each of opened) {
            found.push({ ...base, source: source.name, ...(await vault.forecast(each, job)) });
          }
        } catch (error) {
          throwIfAborted(context.signal);
          found.push({ ...base, source: source.name, held: messageOf(error) });
        }
      }
    } catch (error) {
      throwIfAborted(context.signal);
      if (hasCode(error, 'no-repository') && one.kind === 'repository' && one.create) continue;
      found.push({ ...base, source: 'all sources', held: messageOf(error) });
    }
  }
  return found;
}
