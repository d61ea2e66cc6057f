/** `holdfast show` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function showCommand(runtime: Runtime): Command {
  const command = verb(
    'show',
    '[flags] SNAPSHOT',
    'Tells all that is known of a snapshot; of a database also what was seen while it was backed up:\n' +
      'versions, extensions, and of each table its rows, bytes and checksum.',
  );
  addSnapshotFlags(command).action(
    action<SnapshotFlags>(runtime, async (invocation, operands, flags) => {
      const [snapshot] = operands;
      if (snapshot === undefined || operands.length > 1) {
        throw new HoldfastError('usage', 'show takes one snapshot', { hint: 'an id, or `latest`' });
      }
      const { terminal, environment } = invocation;
      const { show } = await import('../../operations/show.ts');
      const { showJson, showLines } = await import('../output/show.ts');
      const { withRepository } = await import('../session.ts');
      const filter = snapshotFilter(flags, environment);
      const shown = await withRepository(invocation, { lock: 'read' }, (repository, context) =>
        show(repository, { snapshot, filter }, context),
      );
      if (terminal.json) return terminal.emit(showJson(shown));
      for (const line of showLines(shown)) terminal.result(line);
    }),
  );
  return withExamples(command, [
    ['holdfast show latest', 'the last snapshot'],
    ['holdfast show latest --path /postgres/db_5432/shop', 'the last one of a database'],
  ]);
}
