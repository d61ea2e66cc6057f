/** `holdfast repair` and its verbs; `rebuild-index` as restic once called one of them. */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { IndexFinding } from '../../operations/repair-index.ts';
import type { RepairSnapshotsOptions } from '../../operations/repair-snapshots.ts';
import type { Terminal } from '../output/terminal.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface SnapshotsOptions extends SnapshotFlags {
  dryRun?: boolean;
  forget?: boolean;
}

export function repairCommand(runtime: Runtime): Command {
  const command = new Command('repair')
    .description('Repairs a damaged repository: first its index, then packs, then snapshots.')
    .usage('VERB [flags]');
  const index = [
    ['holdfast repair index', 'reads the packs that the index lacks'],
    ['holdfast repair index --read-all-packs', 'when index files themselves are not to be trusted'],
  ] as const;
  const packs = [['holdfast repair packs 025c1d06...', '`check --read-data` names damaged packs']] as const;
  const snapshots = [
    ['holdfast repair snapshots --dry-run', 'which snapshots lack something'],
    ['holdfast repair snapshots --forget', 'mend them, and remove the damaged ones'],
  ] as const;
  command.addCommand(withExamples(indexCommand(runtime, 'index'), index));
  command.addCommand(withExamples(packsCommand(runtime), packs));
  command.addCommand(withExamples(snapshotsCommand(runtime), snapshots));
  return withExamples(command, [
    ['holdfast repair index', 'when packs are missing in the index, or the index is damaged'],
    ['holdfast repair packs 025c1d06...', 'save what is whole of damaged packs; `check` names them'],
    ['holdfast repair snapshots --forget', 'take what is lost out of snapshots'],
  ]);
}

export function rebuildIndexCommand(runtime: Runtime): Command {
  return indexCommand(runtime, 'rebuild-index');
}

function indexCommand(runtime: Runtime, name: string): Command {
  return verb(name, '[flags]', 'Writes a new index from the packs that are there.')
    .summary('write a new index')
    .option('--read-all-packs', 'trust no index file, read every pack')
    .action(
      action<{ readAllPacks?: boolean }>(runtime, async (invocation, operands, flags) => {
        if (operands.length > 0) throw new HoldfastError('usage', `${name} takes flags alone`);
        const { repairIndex } = await import('../../operations/repair-index.ts');
        const { withRepository } = await import('../session.ts');
        const { startCounter } = await import('../output/progress.ts');
        const { terminal, environment } = invocation;
        const counter = startCounter(terminal, environment);
        let findings = 0;
        const options = {
          readAllPacks: flags.readAllPacks ?? false,
          onFinding(finding: IndexFinding) {
            findings++;
            tellIndexFinding(terminal, finding);
          },
          onProgress: (done: number, total: number) => counter.set(done, total, 'packs read'),
        };
        await withRepository(invocation, { lock: 'exclusive', cache: false }, (repository, context) =>
          repairIndex(repository, options, context),
        ).finally(() => counter.done());
        if (terminal.json) terminal.emit({ message_type: 'summary', findings });
        else terminal.say('done');
      }),
    );
}

function packsCommand(runtime: Runtime): Command {
  return verb('packs', '[flags] PACK...', 'Saves what is whole of damaged packs, and removes these.')
    .summary('save what is whole of damaged packs')
    .action(
      action(runtime, async (invocation, operands) => {
        if (operands.length === 0) throw new HoldfastError('usage', 'repair packs takes ids of packs');
        const { repairPacks } = await import('../../operations/repair-packs.ts');
        const { resolveId } = await import('../../vaults/repository/snapshot-filter.ts');
        const { withRepository } = await import('../session.ts');
        const { terminal, settings } = invocation;
        terminal.say('saving copies of the packs in the current directory');
        const result = await withRepository(
          invocation,
          { lock: 'exclusive', cache: false },
          async (repository, context) => {
            const packs: string[] = [];
            for (const operand of operands) packs.push(await resolveId(repository, 'pack', operand));
            const { compression, packSize } = settings;
            const size = packSize ? { packSize } : {};
            return repairPacks(repository, { packs, saveCopy, compression, ...size }, context);
          },
        );
        for (const { type, id, pack } of result.lost) {
          terminal.say(`lost ${type} blob ${id} of pack ${pack.slice(0, 8)}`);
        }
        if (terminal.json) {
          terminal.emit({ message_type: 'summary', saved: result.saved, lost: result.lost });
        }
        terminal.say(`saved ${result.saved} blobs, ${result.lost.length} are lost`);
        terminal.say('`holdfast repair snapshots --forget` takes what is lost out of the snapshots');
      }),
    );
}

function snapshotsCommand(runtime: Runtime): Command {
  const command = verb(
    'snapshots',
    '[flags] [SNAPSHOT...]',
    'Makes whole snapshots of damaged ones, without what is lost. Repair the index first.',
  )
    .summary('take what is lost out of snapshots')
    .option('-n, --dry-run', 'only say what would be done')
    .option('--forget', 'remove the damaged snapshots');
  return addSnapshotFlags(command).action(action<SnapshotsOptions>(runtime, repairSnapshots));
}

async function repairSnapshots(
  invocation: Invocation,
  ids: readonly string[],
  flags: SnapshotsOptions,
): Promise<void> {
  const { terminal, environment, settings } = invocation;
  const operation = await import('../../operations/repair-snapshots.ts');
  const { withRepository } = await import('../session.ts');
  const { tellModified, tellOutcome } = await import('../output/replaced.ts');
  const { snapshotLine } = await import('../output/snapshots.ts');
  const { quoteUnprintable } = await import('../output/format.ts');
  const dryRun = flags.dryRun ?? false;
  const options: RepairSnapshotsOptions = {
    filter: snapshotFilter(flags, environment, ids),
    ...{ forget: flags.forget ?? false, dryRun, compression: settings.compression },
    ...(settings.packSize ? { packSize: settings.packSize } : {}),
    onSnapshot(entry) {
      terminal.say('');
      terminal.say(snapshotLine(entry));
    },
    onRepair: ({ path, what }) => terminal.say(`  ${quoteUnprintable(path)}: ${what}`),
    onOutcome: (entry, outcome) => tellOutcome(terminal, entry, outcome, dryRun),
    onUnreadable: (id) => terminal.say(`${dryRun ? 'would remove' : 'removed'} unreadable snapshot ${id}`),
  };
  const { modified } = await withRepository(
    invocation,
    { lock: dryRun ? 'none' : 'exclusive' },
    (repository, context) => operation.repairSnapshots(repository, options, context),
  );
  tellModified(terminal, modified, dryRun);
}

/** For who wants to try more: the pack as it was. */
async function saveCopy(pack: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`pack-${pack}`, bytes, { flag: 'wx', mode: 0o600 }).catch((cause: unknown) => {
    throw new HoldfastError('failed', `the copy pack-${pack} cannot be written: ${whyNot(cause)}`, {
      hint: 'run the command in a directory that can be written and does not hold such a copy yet',
      cause,
    });
  });
}

function whyNot(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'it is there already' : messageOf(cause);
}

function tellIndexFinding(terminal: Terminal, finding: IndexFinding): void {
  if (terminal.json) {
    const error = 'error' in finding ? finding.error.message : undefined;
    return terminal.emit({ message_type: 'finding', kind: finding.kind, id: finding.id, error });
  }
  switch (finding.kind) {
    case 'invalid-index':
      return terminal.say(`removing invalid index ${finding.id}: ${finding.error.message}`);
    case 'unreadable-pack':
      return terminal.say(`pack ${finding.id} cannot be read: ${finding.error.message}`);
    case 'added':
      return terminal.say(`adding pack file to index ${finding.id}`);
    case 'missing-pack':
      return terminal.say(`removing not found pack file ${finding.id}`);
    case 'resized':
      return terminal.say(
        `adding pack file to index ${finding.id}: unexpected file size ${finding.size} instead of ${finding.expected}`,
      );
  }
}
