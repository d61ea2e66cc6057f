/** `holdfast unlock` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options {
  removeAll?: boolean;
}

export function unlockCommand(runtime: Runtime): Command {
  const command = verb('unlock', '[flags]', 'Removes locks whose holders are gone.')
    .option('--remove-all', 'remove all locks, also those that somebody may hold')
    .action(
      action<Options>(runtime, async (invocation, operands, flags) => {
        if (operands.length > 0) throw new HoldfastError('usage', 'unlock takes flags alone');
        const { unlock } = await import('../../operations/unlock.ts');
        const { withRepository } = await import('../session.ts');
        const { terminal } = invocation;
        const removed = await withRepository(invocation, { lock: 'none' }, (repository, context) =>
          unlock(repository, { all: flags.removeAll ?? false }, context),
        );
        if (terminal.json) return terminal.emit({ message_type: 'summary', removed });
        if (removed > 0) terminal.say(`successfully removed ${removed} locks`);
      }),
    );
  return withExamples(command, [
    ['holdfast unlock', 'after a crash, when nothing runs on the repository any more'],
  ]);
}
