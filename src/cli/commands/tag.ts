/** `holdfast tag` */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import { collectSplit } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags {
  set?: string[];
  add?: string[];
  remove?: string[];
}

export function tagCommand(runtime: Runtime): Command {
  const command = verb(
    'tag',
    '[flags] [SNAPSHOT...]',
    'Changes the tags of snapshots: of those that are named, or of all that the filter fits.',
  )
    .addOption(new Option('--set <tag,...>', 'tags in place of all others').argParser(collectSplit))
    .addOption(new Option('--add <tag,...>', 'tags to add').argParser(collectSplit))
    .addOption(new Option('--remove <tag,...>', 'tags to take away').argParser(collectSplit));
  addSnapshotFlags(command).action(
    action<Options>(runtime, async (invocation, ids, flags) => {
      const { terminal, environment } = invocation;
      const { withRepository } = await import('../session.ts');
      const { tag } = await import('../../operations/tag.ts');
      const { plural } = await import('../output/format.ts');
      const options = {
        filter: snapshotFilter(flags, environment, ids),
        ...{ set: flags.set ?? [], add: flags.add ?? [], remove: flags.remove ?? [] },
        onChange({ oldId, newId }: { oldId: string; newId: string }) {
          if (terminal.json) {
            terminal.emit({ message_type: 'changed', old_snapshot_id: oldId, new_snapshot_id: newId });
          }
          terminal.detail(`snapshot ${oldId} is now ${newId}`);
        },
      };
      const { changed } = await withRepository(
        invocation,
        { lock: 'exclusive', prefetch: ['snapshot'] },
        (repository, context) => tag(repository, options, context),
      );
      if (terminal.json) terminal.emit({ message_type: 'summary', changed_snapshots: changed.length });
      terminal.say(
        changed.length === 0
          ? 'no snapshots were modified'
          : `modified ${plural(changed.length, 'snapshot')}`,
      );
    }),
  );
  return withExamples(command, [
    ['holdfast tag --add keep,before-upgrade latest', 'mark the newest snapshot'],
    ['holdfast tag --host web --set nightly', 'one tag for all snapshots of a host'],
  ]);
}
