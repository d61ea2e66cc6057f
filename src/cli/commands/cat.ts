/** `holdfast cat` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function catCommand(runtime: Runtime): Command {
  const command = verb(
    'cat',
    '[flags] config|masterkey|index ID|snapshot ID|key ID|lock ID|pack ID|blob ID|tree SNAPSHOT[:PATH]',
    'Prints one internal object of the repository.',
  ).action(
    action(runtime, async (invocation, operands) => {
      const [kind, id] = operands;
      if (kind === undefined) throw new HoldfastError('usage', 'cat needs to know what to print');
      if (operands.length > 2) throw new HoldfastError('usage', 'cat prints one object');
      const { cat } = await import('../../operations/cat.ts');
      const { withRepository } = await import('../session.ts');
      const { terminal } = invocation;
      const shown = await withRepository(invocation, { lock: 'read' }, (repository, context) =>
        cat(repository, kind, id, context),
      );
      if (shown.kind === 'text') terminal.result(shown.text);
      else await terminal.bytes(shown.bytes);
    }),
  );
  return withExamples(command, [
    ['holdfast cat config', 'version, id and chunker of the repository'],
    ['holdfast cat snapshot latest', 'a snapshot file'],
    ['holdfast cat tree latest:/etc', 'a directory as it is stored'],
  ]);
}
