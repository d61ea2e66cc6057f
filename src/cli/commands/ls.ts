/** `holdfast ls` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import { addArchiveReadFlags, type ArchiveFlags } from '../archive-flags.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import { parseChoice } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export interface LsFlags extends SnapshotFlags {
  long?: boolean;
  recursive?: boolean;
  humanReadable?: boolean;
  ncdu?: boolean;
  sort?: string;
  reverse?: boolean;
}

export function lsCommand(runtime: Runtime): Command {
  const command = verb(
    'ls',
    '[flags] SNAPSHOT[:PATH] [DIRECTORY...]',
    'Lists what a snapshot holds: all of it, or what lies in some directories.',
  );
  addArchiveReadFlags(addSnapshotFlags(command))
    .option('-l, --long', 'with mode, owner, size and time')
    .option('--recursive', 'with directories, also what lies in directories below them')
    .option('--human-readable', 'sizes in KiB, MiB and so on')
    .option('--ncdu', 'in the export format of ncdu, for `ncdu -f -`')
    .option('-s, --sort <key>', 'by name, size, time (mtime), atime, ctime or extension', 'name')
    .option('--reverse', 'the other way round')
    .action(
      action<LsFlags & ArchiveFlags>(
        runtime,
        async (invocation, [snapshot, ...folders], flags) => {
          if (snapshot === undefined) {
            throw new HoldfastError('usage', 'ls needs a snapshot', { hint: 'an id, or `latest`' });
          }
          const { ls, sortModes } = await import('../../operations/ls.ts');
          const { withRepository } = await import('../session.ts');
          const { listingPrinter } = await import('../output/listing.ts');
          const sort = parseChoice(flags.sort ?? 'name', sortModes, '--sort');
          refuseContradictions(flags, sort, invocation.terminal.json);
          const printer = listingPrinter(invocation.terminal, folders, flags);
          const options = {
            ...{ snapshot, folders, sort },
            filter: snapshotFilter(flags, invocation.environment),
            recursive: flags.recursive ?? false,
            reverse: flags.reverse ?? false,
            ...printer,
          };
          await withRepository(
            invocation,
            { lock: 'read', prefetch: ['snapshot', 'index'] },
            (repository, context) => ls(repository, options, context),
          );
          printer.end();
        },
        async () => (await import('../archive/ls.ts')).runArchiveLs,
      ),
    );
  return withExamples(command, [
    ['holdfast ls latest', 'everything in the newest snapshot'],
    ['holdfast ls -l latest /home/ada', 'one directory, with details'],
    ['holdfast ls latest --ncdu | ncdu -f -', 'walk through it in ncdu'],
  ]);
}

function refuseContradictions(flags: LsFlags, sort: string, json: boolean): void {
  if (!flags.ncdu) return;
  const other = json ? '--json' : sort !== 'name' ? '--sort' : flags.reverse ? '--reverse' : undefined;
  if (other) throw new HoldfastError('usage', `--ncdu and ${other} contradict each other`);
}
