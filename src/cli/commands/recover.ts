/** `holdfast recover` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function recoverCommand(runtime: Runtime): Command {
  const command = verb(
    'recover',
    '[flags]',
    'Makes a snapshot of all directories that no snapshot leads to: what forget took by mistake,\n' +
      'as long as prune has not run.',
  ).action(
    action(runtime, async (invocation, operands) => {
      if (operands.length > 0) throw new HoldfastError('usage', 'recover takes flags alone');
      const { recover } = await import('../../operations/recover.ts');
      const { withRepository } = await import('../session.ts');
      const { startCounter } = await import('../output/progress.ts');
      const { terminal, environment, settings } = invocation;
      const counter = startCounter(terminal, environment);
      const options = {
        compression: settings.compression,
        ...(settings.packSize ? { packSize: settings.packSize } : {}),
        onProgress: (done: number, total: number) => counter.set(done, total, 'directories read'),
      };
      const { roots, snapshot } = await withRepository(
        invocation,
        { lock: 'exclusive', cache: false },
        (repository, context) => recover(repository, options, context),
      ).finally(() => counter.done());
      if (terminal.json) {
        return terminal.emit({ message_type: 'summary', roots: roots.length, snapshot_id: snapshot });
      }
      terminal.say(`found ${roots.length} unreferenced roots`);
      terminal.say(snapshot ? `saved new snapshot ${snapshot.slice(0, 8)}` : 'no snapshot to write');
    }),
  );
  return withExamples(command, [['holdfast recover', 'after a forget that took too much']]);
}
