/** Runs a restore, its threads started while the password is tried, and tells how it goes. */
import { resolve } from 'node:path';
import { HoldfastError } from '../kernel/errors.ts';
import { startRestoreThreads } from '../operations/restore/engine.ts';
import type { RestoreOptions } from '../operations/restore/restore.ts';
import { planRestore, restore } from '../operations/restore/restore.ts';
import type { RestoreFlags } from './commands/restore.ts';
import { plural } from './output/format.ts';
import type { Progress } from './output/progress.ts';
import { startProgress } from './output/progress.ts';
import {
  restoreStatusJson,
  restoreStatusLine,
  tellRestoreEvent,
  tellRestoreResult,
} from './output/restore.ts';
import { snapshotLine } from './output/snapshots.ts';
import { readPatterns } from './pattern-flags.ts';
import { withRepository } from './session.ts';
import { snapshotFilter } from './snapshot-flags.ts';
import type { Invocation } from './verb.ts';

export async function runRestore(
  invocation: Invocation,
  snapshot: string,
  flags: RestoreFlags,
): Promise<void> {
  const { terminal, environment } = invocation;
  const patterns = await readPatterns(flags, environment);
  const target = flags.target!;
  const filters = Object.values(patterns).some((list: readonly string[]) => list.length > 0);
  if (flags.delete && resolve(target) === '/' && !filters) {
    throw new HoldfastError('usage', '--delete with the target / needs patterns', {
      hint: 'name what to restore with --include',
    });
  }
  const started = performance.now();
  let progress: Progress | undefined;
  await using threads = startRestoreThreads();
  const options: RestoreOptions = {
    ...{ snapshot, target, patterns, threads },
    filter: snapshotFilter(flags, environment),
    includeXattrs: flags.includeXattr ?? [],
    excludeXattrs: flags.excludeXattr ?? [],
    overwrite: flags.overwrite,
    delete: flags.delete ?? false,
    sparse: flags.sparse ?? false,
    verify: flags.verify ?? false,
    ownershipByName: flags.ownershipByName ?? false,
    detail: terminal.verbosity >= 3,
    onFound: (found) => terminal.say(`restoring ${snapshotLine(found)} to ${target}`),
    onStart(read) {
      progress = startProgress(terminal, environment, {
        lines: (elapsed) => [restoreStatusLine(read(), elapsed)],
        json: (elapsed) => restoreStatusJson(read(), elapsed),
      });
    },
    report(event) {
      if (event.kind === 'verifying') terminal.say(`verifying files in ${target}`);
      else tellRestoreEvent(terminal, event);
    },
  };
  const perform = flags.dryRun ? planRestore : restore;
  const session = { lock: 'read', prefetch: ['snapshot', 'index'] } as const;
  const result = await withRepository(invocation, session, (repository, context) =>
    perform(repository, options, context),
  ).finally(() => progress?.done());

  tellRestoreResult(terminal, result, performance.now() - started, flags.dryRun ?? false);
  if ('filesVerified' in result && flags.verify) {
    terminal.say(`finished verifying ${result.filesVerified} files in ${target}`);
  }
  if (result.errors > 0) {
    const were = result.errors === 1 ? 'was' : 'were';
    throw new HoldfastError('failed', `there ${were} ${plural(result.errors, 'error')}`, {
      hint: 'the messages above name what was not restored as it should be',
    });
  }
}
