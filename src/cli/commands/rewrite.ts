/** `holdfast rewrite` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { RewriteOptions } from '../../operations/rewrite.ts';
import type { ExcludeFlags, IncludeFlags } from '../pattern-flags.ts';
import { addExcludeFlags, addIncludeFlags, readPatterns } from '../pattern-flags.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import { parseLocalTime } from '../values.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags, ExcludeFlags, IncludeFlags {
  forget?: boolean;
  dryRun?: boolean;
  newHost?: string;
  newTime?: string;
  snapshotSummary?: boolean;
}

export function rewriteCommand(runtime: Runtime): Command {
  const command = verb(
    'rewrite',
    '[flags] [SNAPSHOT...]',
    'Makes new snapshots of old ones: without some files, or with another host or time.\n' +
      'The new ones are tagged `rewrite`, unless --forget removes the old ones.',
  )
    .option('--forget', 'remove the old snapshots')
    .option('-n, --dry-run', 'only say what would be done')
    .option('--new-host <host>', 'another host name')
    .option('--new-time <time>', 'another time, like "2012-11-01 22:08:41"')
    .option('-s, --snapshot-summary', 'count files and bytes where that was not done');
  addSnapshotFlags(command);
  addExcludeFlags(command);
  addIncludeFlags(command).action(action<Options>(runtime, runRewrite));
  return withExamples(command, [
    ['holdfast rewrite --exclude secret.txt --forget', 'a file that must not be in any snapshot'],
    ['holdfast rewrite --new-host web latest', 'another host name for one snapshot'],
  ]);
}

async function runRewrite(invocation: Invocation, ids: readonly string[], flags: Options): Promise<void> {
  const { terminal, environment, settings } = invocation;
  const { rewrite } = await import('../../operations/rewrite.ts');
  const { withRepository } = await import('../session.ts');
  const { tellModified, tellOutcome } = await import('../output/replaced.ts');
  const { snapshotLine } = await import('../output/snapshots.ts');
  const { shownPath } = await import('../output/listing.ts');
  const { timeFromMs } = await import('../../vaults/repository/format/time.ts');
  const patterns = await readPatterns(flags, environment);
  const selects = Object.values(patterns).some((list: readonly string[]) => list.length > 0);
  if (!selects && !flags.snapshotSummary && !flags.newHost && !flags.newTime) {
    throw new HoldfastError('usage', 'nothing to do: neither patterns nor new values are given');
  }
  const dryRun = flags.dryRun ?? false;
  const forget = flags.forget ?? false;
  const options: RewriteOptions = {
    filter: snapshotFilter(flags, environment, ids),
    patterns,
    ...(flags.newHost ? { newHost: flags.newHost } : {}),
    ...(flags.newTime ? { newTime: timeFromMs(parseLocalTime(flags.newTime, '--new-time')) } : {}),
    ...{ snapshotSummary: flags.snapshotSummary ?? false, forget, dryRun },
    compression: settings.compression,
    ...(settings.packSize ? { packSize: settings.packSize } : {}),
    onSnapshot(entry) {
      terminal.say('');
      terminal.say(snapshotLine(entry));
    },
    onPath: (path, what) => terminal.detail(`${what} ${shownPath(terminal, path)}`),
    onOutcome: (entry, outcome) => tellOutcome(terminal, entry, outcome, dryRun),
  };
  const lock = dryRun ? 'none' : forget ? 'exclusive' : 'append';
  const { modified } = await withRepository(
    invocation,
    { lock, prefetch: ['snapshot', 'index'] },
    (repository, context) => rewrite(repository, options, context),
  );
  tellModified(terminal, modified, dryRun);
}
