/** `holdfast copy` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { CopyOptions } from '../../operations/copy.ts';
import type { SecondaryFlags } from '../secondary-repository.ts';
import { addSecondaryFlags, secondaryChoice } from '../secondary-repository.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags, SecondaryFlags {}

export function copyCommand(runtime: Runtime): Command {
  const command = verb(
    'copy',
    '[flags] --from-repo REPOSITORY [SNAPSHOT...]',
    'Copies snapshots from another repository into this one; what is there already is not copied again.\n' +
      'Both share data when the new one was made with `init --copy-chunker-params`.',
  );
  addSecondaryFlags(command, 'from which snapshots are copied');
  addSnapshotFlags(command).action(action<Options>(runtime, runCopy));
  return withExamples(command, [
    ['holdfast -r /srv/offsite copy --from-repo /srv/backup', 'all snapshots that are not there yet'],
    ['holdfast -r /srv/offsite copy --from-repo /srv/backup --host web latest', 'one of them'],
  ]);
}

async function runCopy(invocation: Invocation, ids: readonly string[], flags: Options): Promise<void> {
  const { terminal, environment, settings } = invocation;
  const other = await secondaryChoice(flags, invocation);
  if (!other) {
    throw new HoldfastError('usage', 'copy needs the repository to copy from', {
      hint: 'name it with --from-repo',
    });
  }
  const { copy } = await import('../../operations/copy.ts');
  const { withRepository } = await import('../session.ts');
  const { startCounter } = await import('../output/progress.ts');
  const { formatBytes } = await import('../output/format.ts');
  const { shortId, snapshotLine } = await import('../output/snapshots.ts');
  const counter = startCounter(terminal, environment);
  const options: CopyOptions = {
    filter: snapshotFilter(flags, environment, ids),
    compression: settings.compression,
    ...(settings.packSize ? { packSize: settings.packSize } : {}),
    onStart: (entry) => terminal.say(`copying ${snapshotLine(entry)}`),
    onSkip(entry, there) {
      if (terminal.json) {
        terminal.emit({ message_type: 'skipped', source_snapshot: entry.id, snapshot_id: there });
      }
      terminal.detail(`skipping ${shortId(entry.id)}, it is there already as ${shortId(there)}`);
    },
    onProgress({ blobs, bytes, packs, packsDone }) {
      if (packsDone === 0) terminal.detail(`  ${blobs} blobs with ${formatBytes(bytes)} in ${packs} packs`);
      counter.set(packsDone, packs, 'packs copied');
    },
    onSaved(entry, id) {
      if (terminal.json)
        terminal.emit({ message_type: 'copied', source_snapshot: entry.id, snapshot_id: id });
      terminal.say(`snapshot ${shortId(id)} saved, copied from source snapshot ${shortId(entry.id)}`);
    },
  };
  const [from, to] = other.legacy ? [settings, other] : [other, settings];
  const prefetch = ['snapshot', 'index'] as const;
  const result = await withRepository(invocation, { lock: 'read', choice: from, prefetch }, (source) =>
    withRepository(invocation, { lock: 'append', choice: to, prefetch }, (destination, context) =>
      copy(source, destination, options, context),
    ),
  ).finally(() => counter.done());
  const { copied, skipped } = result;
  if (terminal.json) terminal.emit({ message_type: 'summary', copied: copied.length, skipped });
  else terminal.say(`copied ${copied.length} snapshots, ${skipped} were there already`);
}
