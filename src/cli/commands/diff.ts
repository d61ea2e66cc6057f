/** `holdfast diff` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DiffChange, DiffSide } from '../../operations/diff.ts';
import { addArchiveReadFlags, type ArchiveFlags } from '../archive-flags.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export interface DiffFlags extends SnapshotFlags {
  metadata?: boolean;
}

export function diffCommand(runtime: Runtime): Command {
  const command = verb(
    'diff',
    '[flags] SNAPSHOT[:PATH] SNAPSHOT[:PATH]',
    'Shows what changed from one snapshot to another:\n' +
      '+ added, - removed, M content, U metadata, T type, ? content without any metadata.\n' +
      'Of two snapshots of a database, which tables came, went and changed, and in how many rows.',
  );
  addArchiveReadFlags(addSnapshotFlags(command))
    .option('--metadata', 'also show entries of which only the metadata changed')
    .action(
      action<DiffFlags & ArchiveFlags>(
        runtime,
        async (invocation, operands, flags) => {
          const [from, to] = operands;
          if (from === undefined || to === undefined || operands.length > 2) {
            throw new HoldfastError('usage', 'diff takes two snapshots');
          }
          const { terminal } = invocation;
          const filter = snapshotFilter(flags, invocation.environment);
          const { withRepository } = await import('../session.ts');
          const { diff } = await import('../../operations/diff.ts');
          const { findSnapshot } = await import('../../vaults/repository/snapshot-filter.ts');
          const { findSubtree, rootOf } = await import('../../vaults/repository/tree-path.ts');
          const { shownPath } = await import('../output/listing.ts');
          const { shortId } = await import('../output/snapshots.ts');

          function onChange({ path, modifier }: DiffChange): void | Promise<void> {
            if (terminal.verbosity === 0) return;
            if (terminal.json) terminal.emit({ message_type: 'change', path: path.toWellFormed(), modifier });
            else terminal.result(`${modifier.padEnd(5)}${shownPath(terminal, path)}`);
            return terminal.settle();
          }

          const compared = await withRepository(
            invocation,
            { lock: 'read', prefetch: ['index'] },
            async (repository, context) => {
              const a = await findSnapshot(repository, from, filter);
              const b = await findSnapshot(repository, to, filter);
              terminal.say(`comparing snapshot ${shortId(a.id)} to ${shortId(b.id)}:`);
              terminal.say('');
              if (a.path === '' && b.path === '') {
                const { diffDatabases } = await import('../../operations/database/database-diff.ts');
                const { tableTeller, tellDatabaseDiff } = await import('../output/database-diff.ts');
                const found = await diffDatabases(repository, a, b, tableTeller(terminal), context);
                if (found) return tellDatabaseDiff(terminal, [from, to], found);
              }
              const trees = {
                from: await findSubtree(repository, rootOf(a.snapshot), a.path),
                to: await findSubtree(repository, rootOf(b.snapshot), b.path),
              };
              return diff(repository, { ...trees, metadata: flags.metadata ?? false, onChange }, context);
            },
          );
          if (!compared) return;
          const { added, removed, changedFiles } = compared;
          if (terminal.json) {
            terminal.emit({
              message_type: 'statistics',
              source_snapshot: from,
              target_snapshot: to,
              changed_files: changedFiles,
              added: sideJson(added),
              removed: sideJson(removed),
            });
            return;
          }
          const { formatBytes } = await import('../output/format.ts');
          const line = (title: string, news: number, gone: number): string =>
            `${title.padEnd(13)}${String(news).padStart(5)} new, ${String(gone).padStart(5)} removed`;
          terminal.result('');
          terminal.result(
            `${line('Files:', added.files, removed.files)}, ${String(changedFiles).padStart(5)} changed`,
          );
          terminal.result(line('Dirs:', added.dirs, removed.dirs));
          terminal.result(line('Others:', added.others, removed.others));
          terminal.result(line('Data Blobs:', added.dataBlobs, removed.dataBlobs));
          terminal.result(line('Tree Blobs:', added.treeBlobs, removed.treeBlobs));
          terminal.result(`  Added:   ${formatBytes(added.bytes)}`);
          terminal.result(`  Removed: ${formatBytes(removed.bytes)}`);
        },
        async () => (await import('../archive/diff.ts')).runArchiveDiff,
      ),
    );
  return withExamples(command, [
    ['holdfast diff latest~1 latest', 'what the last backup found'],
    ['holdfast diff latest~1 latest --path /srv/www', 'the same of one of several sources'],
    ['holdfast diff 5a1d2c77 9e0b44f1', 'two nights of a database, by table and row'],
    ['holdfast diff 21611c10:/etc ab638323:/etc --metadata', 'one directory, to the last mode and time'],
  ]);
}

function sideJson(side: DiffSide): object {
  const { files, dirs, others, dataBlobs, treeBlobs, bytes } = side;
  return { files, dirs, others, data_blobs: dataBlobs, tree_blobs: treeBlobs, bytes };
}
