/** `holdfast find` */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { FindOptions } from '../../operations/find.ts';
import type { FoundStyle } from '../output/found.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import { collect } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags, FoundStyle {
  oldest?: string;
  newest?: string;
  snapshot?: string[];
  blob?: boolean;
  tree?: boolean;
  pack?: boolean;
  ignoreCase?: boolean;
  reverse?: boolean;
}

export function findCommand(runtime: Runtime): Command {
  const command = verb(
    'find',
    '[flags] PATTERN...',
    'Searches snapshots for files and directories, or for the places where blobs are used.',
  )
    .option('-O, --oldest <time>', 'not modified before')
    .option('-N, --newest <time>', 'not modified after')
    .addOption(new Option('-s, --snapshot <snapshot>', 'search in this one').argParser(collect))
    .option('--blob', 'patterns are ids of blobs')
    .option('--tree', 'patterns are ids of trees')
    .option('--pack', 'patterns are ids of packs')
    .option('--show-pack-id', 'say in which packs the objects lie')
    .option('-i, --ignore-case', 'whatever the case')
    .option('-R, --reverse', 'oldest snapshot first')
    .option('-l, --long', 'with mode, owner, size and time')
    .option('--human-readable', 'sizes in KiB, MiB and so on');
  addSnapshotFlags(command).action(
    action<Options>(runtime, async (invocation, patterns, flags) => {
      if (patterns.length === 0) throw new HoldfastError('usage', 'find needs something to look for');
      const kind = kindOf(flags);
      const { find } = await import('../../operations/find.ts');
      const { withRepository } = await import('../session.ts');
      const { foundPrinter } = await import('../output/found.ts');
      const { parseSearchTime } = await import('../search-time.ts');
      const { terminal, environment } = invocation;
      const printer = foundPrinter(terminal, flags);
      const options: FindOptions = {
        ...{ patterns, kind },
        ignoreCase: flags.ignoreCase ?? false,
        reverse: flags.reverse ?? false,
        ...(flags.oldest ? { oldest: parseSearchTime(flags.oldest, '--oldest') } : {}),
        ...(flags.newest ? { newest: parseSearchTime(flags.newest, '--newest') } : {}),
        filter: snapshotFilter(flags, environment, flags.snapshot ?? []),
        onEntry: printer.onEntry,
        onObject: printer.onObject,
      };
      const result = await withRepository(
        invocation,
        { lock: 'read', prefetch: ['snapshot', 'index'] },
        (repository, context) => find(repository, options, context),
      );
      printer.end(result);
    }),
  );
  return withExamples(command, [
    ['holdfast find config.json', 'every version of a file'],
    ['holdfast find -l --newest 2024-05-01 "*.sql"', 'with details, none newer than a day'],
    ['holdfast find --blob 420f620f --show-pack-id', 'which files use a blob, and where it lies'],
  ]);
}

function kindOf(flags: Options): NonNullable<FindOptions['kind']> {
  const kinds = (['blob', 'tree', 'pack'] as const).filter((kind) => flags[kind]);
  if (kinds.length > 1) {
    throw new HoldfastError('usage', `--${kinds[0]} and --${kinds[1]} contradict each other`);
  }
  return kinds[0] ?? 'path';
}
