/** `holdfast restore` */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import { type OverwritePolicy, overwritePolicies } from '../../sources/files/target/overwrite.ts';
import { addArchiveReadFlags, type ArchiveFlags } from '../archive-flags.ts';
import type { ExcludeFlags, IncludeFlags } from '../pattern-flags.ts';
import { addExcludeFlags, addIncludeFlags } from '../pattern-flags.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import type { RestoreDatabaseFlags } from '../restore-database-flags.ts';
import { addRestoreDatabaseFlags, refuseDatabaseFlags } from '../restore-database-flags.ts';
import { addSnapshotFlags } from '../snapshot-flags.ts';
import { collect } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export interface RestoreFlags extends SnapshotFlags, ExcludeFlags, IncludeFlags, RestoreDatabaseFlags {
  target?: string;
  excludeXattr?: string[];
  includeXattr?: string[];
  dryRun?: boolean;
  sparse?: boolean;
  verify?: boolean;
  overwrite: OverwritePolicy;
  delete?: boolean;
  ownershipByName?: boolean;
  mask?: string;
}

export function restoreCommand(runtime: Runtime): Command {
  const command = verb(
    'restore',
    '[flags] SNAPSHOT[:PATH] --target DIRECTORY | SNAPSHOT --to postgres://HOST/DATABASE',
    'Gives a snapshot, or a part of it, back. An interrupted restore goes on where it was: what is\n' +
      'right already is not fetched again.',
  )
    .option('-t, --target <directory>', 'where to; it is made when it is not there')
    .option('--mask <file>', 'rules by which personal data in a database becomes something else');
  addIncludeFlags(addExcludeFlags(command))
    .addOption(
      new Option('--exclude-xattr <pattern>', 'leave these extended attributes out').argParser(collect),
    )
    .addOption(
      new Option('--include-xattr <pattern>', 'take only these extended attributes').argParser(collect),
    )
    .option('--dry-run', 'only say what would be done; -vv names every file')
    .option('--sparse', 'leave holes where files have zeros')
    .option('--verify', 'read everything back that was written')
    .addOption(
      new Option('--overwrite <policy>', 'what becomes of files that are there')
        .choices(overwritePolicies)
        .default('always'),
    )
    .option('--delete', 'remove from the target what the snapshot does not have')
    .option('--ownership-by-name', 'owners by name instead of number');
  addArchiveReadFlags(addSnapshotFlags(addRestoreDatabaseFlags(command))).action(
    action<RestoreFlags & ArchiveFlags>(
      runtime,
      async (invocation, operands, flags) => {
        refuse(operands, flags);
        if (flags.to !== undefined) {
          const { runRestoreDatabase } = await import('../run-restore-database.ts');
          return await runRestoreDatabase(invocation, operands[0]!, flags.to, flags);
        }
        const { runRestore } = await import('../run-restore.ts');
        await runRestore(invocation, operands[0]!, flags);
      },
      async () => (await import('../archive/restore.ts')).runArchiveRestore,
    ),
  );
  return withExamples(command, [
    ['holdfast restore latest --target /tmp/back', 'everything, somewhere else'],
    ['holdfast restore latest:/home/ada/thesis --target ~/thesis', 'one directory'],
    ['holdfast restore latest --to postgres://localhost/shop_copy --create', 'a database, into a new one'],
    ['holdfast restore latest --to mysql://root@localhost/shop_copy --create', 'the same with MySQL'],
    [
      'holdfast restore latest --to sqlite:/srv/app/app.db --table user=user_old',
      'one table, beside the present one',
    ],
    ['holdfast restore latest --to postgres://db/shop --clean --dry-run', 'what a database would lose'],
    ['holdfast restore latest --target / --include /etc --overwrite if-changed', 'a part, in place'],
  ]);
}

function refuse(operands: readonly string[], flags: RestoreFlags): void {
  if (operands.length === 0) {
    throw new HoldfastError('usage', 'restore needs a snapshot', { hint: 'an id, or `latest`' });
  }
  if (operands.length > 1) throw new HoldfastError('usage', 'restore takes one snapshot');
  if (flags.to !== undefined && flags.target !== undefined) {
    throw new HoldfastError('usage', '--to and --target contradict each other');
  }
  if (flags.mask !== undefined && flags.to === undefined) {
    throw new HoldfastError('usage', '--mask is for databases alone, which --to restores');
  }
  if (!flags.target && flags.to === undefined) {
    throw new HoldfastError('usage', 'restore needs a directory to restore to', {
      hint: 'name it with --target',
    });
  }
  if (flags.to === undefined) refuseDatabaseFlags(flags);
  if (flags.dryRun && flags.verify) {
    throw new HoldfastError('usage', '--dry-run and --verify contradict each other');
  }
}
