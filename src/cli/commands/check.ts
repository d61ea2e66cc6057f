/** `holdfast check` */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { CheckReport } from '../../operations/check/report.ts';
import type { ReadDataSubset } from '../../operations/check/subset.ts';
import { addArchiveReadFlags, type ArchiveFlags } from '../archive-flags.ts';
import type { Counter } from '../output/progress.ts';
import type { Terminal } from '../output/terminal.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags {
  readData?: boolean;
  readDataSubset?: string;
}

export function checkCommand(runtime: Runtime): Command {
  const command = verb(
    'check',
    '[flags] [SNAPSHOT...]',
    'Checks the repository: indexes, packs, and everything that snapshots reach; on demand all data.',
  )
    .option('--read-data', 'read and verify all data')
    .option('--read-data-subset <subset>', 'a part of it: n/t, a percentage like 2.5%, or a size like 10G')
    .addOption(new Option('--check-unused').hideHelp())
    .addOption(new Option('--with-cache', 'taken for the sake of scripts: nothing is read from a cache'));
  addArchiveReadFlags(addSnapshotFlags(command)).action(
    action<Options & ArchiveFlags>(
      runtime,
      async (invocation, ids, flags) => {
        const { terminal, environment, settings } = invocation;
        const { check } = await import('../../operations/check/check.ts');
        const { startCheckPool } = await import('../../operations/check/pack-reading.ts');
        const { withRepository } = await import('../session.ts');
        const { startCounter } = await import('../output/progress.ts');
        const readData = await dataToRead(flags);
        const counter = startCounter(terminal, environment);
        const report = (said: CheckReport): void => tell(terminal, counter, said);
        const filter = snapshotFilter(flags, environment, ids);
        // The threads start while the password is being tried.
        await using pool = startCheckPool();
        const result = await withRepository(
          invocation,
          {
            lock: settings.lock ? 'exclusive' : 'none',
            readsOnly: true,
            eager: true,
            cache: false,
            prefetch: ['snapshot', 'index'],
          },
          (repository, context) => check(repository, { readData, filter, report, pool }, context),
        ).finally(() => counter.done());
        if (terminal.json) {
          terminal.emit({
            message_type: 'summary',
            num_errors: result.errors,
            broken_packs: result.brokenPacks.length > 0 ? result.brokenPacks : null,
            suggest_repair_index: result.suggestRepairIndex,
            suggest_prune: result.suggestPrune,
          });
        }
        if (!result.sound) throw new HoldfastError('corrupt', 'the repository contains errors');
      },
      async () => (await import('../archive/check.ts')).runArchiveCheck,
    ),
  );
  return withExamples(command, [
    ['holdfast check', 'structure: quick, reads no file content'],
    ['holdfast check --read-data-subset 1/7', 'a seventh of the data, another one each day'],
    ['holdfast check --read-data', 'every byte'],
  ]);
}

async function dataToRead({ readData, readDataSubset }: Options): Promise<ReadDataSubset | undefined> {
  const { parseSubset } = await import('../../operations/check/subset.ts');
  if (readData && readDataSubset) {
    throw new HoldfastError('usage', '--read-data and --read-data-subset contradict each other');
  }
  if (readData) return { kind: 'all' };
  return readDataSubset ? parseSubset(readDataSubset) : undefined;
}

function tell(terminal: Terminal, counter: Counter, said: CheckReport): void {
  switch (said.kind) {
    case 'progress':
      return counter.set(said.done, said.total, `${said.what} read`);
    case 'error':
      if (terminal.json) return terminal.emitError({ message_type: 'error', message: said.text });
      return terminal.complain(said.text);
    case 'hint':
      if (!terminal.json) terminal.result(said.text);
      return;
    case 'status':
      return terminal.say(said.text);
    case 'detail':
      return terminal.detail(said.text);
  }
}
