/** Plans and performs a prune of an open, locked repository, for prune and for forget --prune. */
import type { Context } from '../kernel/context.ts';
import type { PruneOptions } from '../operations/prune.ts';
import { performPrune, planPrune } from '../operations/prune.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { plural } from './output/format.ts';
import { startCounter } from './output/progress.ts';
import { tellPrunePlan } from './output/prune.ts';
import type { Invocation } from './verb.ts';

const doing = { snapshots: 'snapshots searched', repack: 'packs packed anew', delete: 'packs deleted' };

export async function runPrune(
  { terminal, environment }: Invocation,
  repository: Repository,
  options: PruneOptions & { readonly dryRun: boolean },
  context: Context,
): Promise<void> {
  terminal.say('looking for data that is still in use');
  const counter = startCounter(terminal, environment);
  try {
    const plan = await planPrune(
      repository,
      { ...options, onProgress: ({ step, done, total }) => counter.set(done, total, doing[step]) },
      context,
    );
    counter.clear();
    if (options.dryRun) terminal.say('would make these changes:');
    tellPrunePlan(terminal, plan);
    if (options.dryRun) return;
    await performPrune(repository, plan, context);
    counter.clear();
    const gone = plan.repackPacks.length + plan.removePacks.length + plan.unreferencedPacks.length;
    const left = plan.leftovers.length;
    if (gone > 0 || left === 0) {
      terminal.say(gone === 0 ? 'nothing to remove' : `removed ${plural(gone, 'pack')}`);
    }
    if (left > 0) terminal.say(`removed ${plural(left, 'unfinished file')} that killed writers left behind`);
  } finally {
    counter.done();
  }
}
