/** `holdfast forget` */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import { addArchiveReadFlags, minSizeRatio, type ArchiveFlags } from '../archive-flags.ts';
import type { ForgetFlags } from '../forget-options.ts';
import { addPruneFlags } from '../prune-flags.ts';
import { addSnapshotFlags } from '../snapshot-flags.ts';
import { collect, collectLists } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

const counts = [
  ['-l', 'last', 'the last n snapshots'],
  ['-H', 'hourly', 'the last of each of n hours'],
  ['-d', 'daily', 'the last of each of n days'],
  ['-w', 'weekly', 'the last of each of n weeks'],
  ['-m', 'monthly', 'the last of each of n months'],
  ['-y', 'yearly', 'the last of each of n years'],
] as const;

export function forgetCommand(runtime: Runtime): Command {
  const command = verb(
    'forget',
    '[flags] [SNAPSHOT...]',
    'Removes snapshots: those that are named, or those that a policy does not keep.\n' +
      'The policy holds for each group of snapshots by itself. `prune` then frees the space.',
  );
  for (const [short, name, what] of counts) {
    command.option(`${short}, --keep-${name} <n>`, `keep ${what} (or \`unlimited\`)`);
  }
  command.option('--keep-within <duration>', 'keep what is newer than this before the latest, like 1y5m7d2h');
  for (const [, name] of counts.slice(1)) {
    command.option(`--keep-within-${name} <duration>`, `keep ${name} snapshots that are newer than this`);
  }
  command
    .addOption(new Option('--keep-tag <tag,...>', 'keep what has all of these tags').argParser(collectLists))
    .option('--unsafe-allow-remove-all', 'allow to remove every snapshot that the filter fits')
    .addOption(new Option('--hostname <host>').argParser(collect).hideHelp());
  addSnapshotFlags(command, { shortHost: false })
    .option('-c, --compact', 'fewer columns')
    .option('-g, --group-by <group>', 'group by host, paths and tags, separated by commas', 'host,paths')
    .option('-n, --dry-run', 'only say what would be done')
    .option('--prune', 'prune afterwards, when snapshots were removed');
  addArchiveReadFlags(addPruneFlags(command))
    .addOption(minSizeRatio())
    .action(
      action<ForgetFlags & ArchiveFlags>(
        runtime,
        async (invocation, ids, flags) => {
          if (!invocation.settings.lock && !flags.dryRun) {
            throw new HoldfastError('usage', '--no-lock is for forget with --dry-run alone');
          }
          const { runForget } = await import('../run-forget.ts');
          await runForget(invocation, ids, flags);
        },
        async () => (await import('../archive/forget.ts')).runArchiveForget,
      ),
    );
  return withExamples(command, [
    ['holdfast forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --prune', 'a usual policy'],
    ['holdfast forget --keep-within 30d --dry-run', 'see what would go'],
    ['holdfast forget 21611c10', 'one snapshot'],
  ]);
}
