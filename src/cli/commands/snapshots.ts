/** `holdfast snapshots` */
import type { Command } from 'commander';
import { addArchiveReadFlags, type ArchiveFlags } from '../archive-flags.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import { parseCount } from '../values.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags, ArchiveFlags {
  compact?: boolean;
  last?: boolean;
  latest?: string;
  groupBy?: string;
}

export function snapshotsCommand(runtime: Runtime): Command {
  const command = verb(
    'snapshots',
    '[flags] [SNAPSHOT...]',
    'Lists the snapshots of the repository, oldest first.',
  );
  addArchiveReadFlags(addSnapshotFlags(command))
    .option('-c, --compact', 'fewer columns')
    .option('--latest <n>', 'only the last n snapshots of each host and set of paths')
    .option('--last', 'the same as --latest 1')
    .option('-g, --group-by <group>', 'group by host, paths and tags, separated by commas')
    .action(
      action<Options>(
        runtime,
        snapshots,
        async () => (await import('../archive/snapshots.ts')).runArchiveSnapshots,
      ),
    );
  return withExamples(command, [
    ['holdfast snapshots', 'everything there is'],
    ['holdfast snapshots --latest 1 --host web', 'the newest of one host'],
    ['holdfast snapshots --json | jq -r .[].id', 'for a script'],
    [
      'holdfast -r archive:s3://backups/db snapshots --path db-shop',
      'older versions of files of stable name, too, where the bucket keeps them',
    ],
  ]);
}

async function snapshots(invocation: Invocation, ids: readonly string[], options: Options): Promise<void> {
  const { terminal, environment } = invocation;
  const { withRepository } = await import('../session.ts');
  const { listSnapshots } = await import('../../operations/snapshots.ts');
  const { parseGroupBy } = await import('../../operations/snapshot-groups.ts');
  const show = await import('../output/snapshots.ts');

  const latest = options.latest ? parseCount(options.latest, '--latest') : options.last ? 1 : 0;
  const groupBy = parseGroupBy(options.groupBy ?? '');
  const filter = snapshotFilter(options, environment, ids);
  const { grouped, groups } = await withRepository(
    invocation,
    { lock: 'read', prefetch: ['snapshot'] },
    (repository, context) => listSnapshots(repository, { filter, groupBy, latest }, context),
  );

  if (terminal.json) {
    const all = groups.flatMap((group) => group.snapshots);
    return terminal.emit(grouped ? groups.map(show.groupJson) : all.map(show.snapshotJson));
  }
  for (const group of groups) {
    const header = show.groupHeader(group.key);
    if (grouped && header) terminal.result(header);
    for (const line of show.snapshotTable(group.snapshots, { compact: options.compact ?? false })) {
      terminal.result(line);
    }
  }
  if (groups.length === 0) terminal.say('no snapshots');
}
