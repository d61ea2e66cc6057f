/** `holdfast list` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { ListedItem } from '../../operations/list.ts';
import { parseChoice } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function listCommand(runtime: Runtime): Command {
  const command = verb(
    'list',
    '[flags] blobs|packs|index|snapshots|keys|locks|packs SNAPSHOT',
    'Lists the ids of what the repository holds.',
  ).action(
    action(runtime, async (invocation, operands) => {
      const { list, listKinds } = await import('../../operations/list.ts');
      const { withRepository } = await import('../session.ts');
      const [what, snapshot] = operands;
      if (what === undefined || operands.length > 2) {
        throw new HoldfastError('usage', `list takes one of ${listKinds.join(', ')}`);
      }
      const kind = parseChoice(what, listKinds, 'list');
      const { terminal } = invocation;
      const onItem = (item: ListedItem): void => {
        if (terminal.json) terminal.emit(item);
        else terminal.result(item.type ? `${item.type} ${item.id}` : item.id);
      };
      const lock = kind === 'locks' ? 'none' : 'read';
      await withRepository(invocation, { lock }, (repository, context) =>
        list(repository, { kind, snapshot, onItem }, context),
      );
    }),
  );
  return withExamples(command, [
    ['holdfast list locks', 'who works on the repository'],
    ['holdfast list packs latest', 'the packs that a restore of the newest snapshot reads'],
  ]);
}
