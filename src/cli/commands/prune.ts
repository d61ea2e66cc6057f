/** `holdfast prune` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { PruneFlags } from '../prune-flags.ts';
import { addPruneFlags, pruneOptions } from '../prune-flags.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends PruneFlags {
  dryRun?: boolean;
}

export function pruneCommand(runtime: Runtime): Command {
  const command = addPruneFlags(
    verb('prune', '[flags]', 'Removes data that no snapshot needs. A crash at any point loses nothing.'),
  )
    .option('-n, --dry-run', 'only say what would be done')
    .action(
      action<Options>(runtime, async (invocation, operands, flags) => {
        if (operands.length > 0) throw new HoldfastError('usage', 'prune takes flags alone');
        const { settings } = invocation;
        const dryRun = flags.dryRun ?? false;
        if (!settings.lock && !dryRun) {
          throw new HoldfastError('usage', '--no-lock is for prune with --dry-run alone');
        }
        const options = { ...pruneOptions(flags, settings), dryRun };
        const { withRepository } = await import('../session.ts');
        const { runPrune } = await import('../run-prune.ts');
        const lock = settings.lock ? 'exclusive' : 'none';
        await withRepository(invocation, { lock, prefetch: ['snapshot', 'index'] }, (repository, context) =>
          runPrune(invocation, repository, options, context),
        );
      }),
    );
  return withExamples(command, [
    ['holdfast prune --dry-run', 'see what there is to gain'],
    ['holdfast prune --max-unused 10% --max-repack-size 20g', 'less work now, some unused data stays'],
  ]);
}
