/** Runs a restore of a database into another one. */
import { HoldfastError } from '../kernel/errors.ts';
import { openStoredDatabase } from '../operations/database/database-dump.ts';
import { openOneFile } from '../operations/database/open-one-file.ts';
import type { StoredDatabase } from '../sources/database/driver.ts';
import type { RestorePlan } from '../sources/database/restore-plan.ts';
import type { RestoreFlags } from './commands/restore.ts';
import { confirm } from './confirm.ts';
import { databaseOperand } from './database-operand.ts';
import { setting } from './environment.ts';
import { storedMasker } from '../operations/database/load-masking.ts';
import { plural } from './output/format.ts';
import { lossLines, tellDryRun } from './output/restore-plan.ts';
import { restoreChoices } from './restore-database-flags.ts';
import { withRepository } from './session.ts';
import { snapshotFilter } from './snapshot-flags.ts';
import type { Invocation } from './verb.ts';

export async function runRestoreDatabase(
  invocation: Invocation,
  snapshot: string,
  url: string,
  flags: RestoreFlags,
): Promise<void> {
  const filter = snapshotFilter(flags, invocation.environment);
  await withRepository(invocation, { lock: 'read', prefetch: ['index'] }, async (repository, context) => {
    const mask = storedMasker(invocation, flags.mask, repository);
    const programs = (name: string): string | undefined => setting(invocation.environment, name);
    const masked = async (stored: StoredDatabase): Promise<StoredDatabase> => {
      const whole = await openOneFile(stored, { ...invocation, programs }, context);
      return mask ? mask(whole) : whole;
    };
    const isPart = flags.table !== undefined || flags.schema !== undefined;
    const open = (): Promise<StoredDatabase> =>
      openStoredDatabase(repository, { snapshot, filter, masked, isPart }, context);
    await restoreInto({ ...invocation, context }, url, flags, open);
  });
}

/** Restores what is stored somewhere into the database that a URL means. */
export async function restoreInto(
  invocation: Invocation,
  url: string,
  flags: RestoreFlags,
  open: () => Promise<StoredDatabase>,
): Promise<void> {
  const { terminal, context } = invocation;
  const { driver, address, connection } = await databaseOperand(invocation, url);
  const choices = restoreChoices(driver, flags);
  const { database } = address;
  let restored: RestorePlan | undefined;
  const stored = await open();
  try {
    const { kind } = stored.evidence;
    if (!driver.kinds.includes(kind)) {
      throw new HoldfastError(
        'usage',
        `the snapshot has a database of ${kind}, and --to names one of another kind`,
      );
    }
    await address.restore(stored, {
      ...connection,
      choices,
      singleTransaction: flags.singleTransaction ?? false,
      signal: context.signal,
      warn: (message) => context.warn(message),
      async proceed(plan) {
        if (flags.dryRun) {
          tellDryRun(terminal, database, plan);
          return false;
        }
        await agree(invocation, plan, flags.yes ?? false);
        restored = plan;
        return true;
      },
    });
  } finally {
    await stored.close?.();
  }
  if (!restored) return;
  const { tables, rows } = restored;
  if (terminal.json) terminal.emit({ message_type: 'summary', database, tables, rows });
  else if (tables === 0) terminal.say(`restored into ${database}`);
  else terminal.say(`restored ${plural(tables, 'table')} with ${plural(rows, 'row')} into ${database}`);
}

/** Code `failed` when the answer is no. */
async function agree(invocation: Invocation, { loss, steps }: RestorePlan, yes: boolean): Promise<void> {
  const { terminal } = invocation;
  for (const step of steps) terminal.detail(`will ${step}`);
  if (!loss) return;
  for (const line of lossLines(loss)) {
    if (yes) terminal.say(line);
    else terminal.complain(line);
  }
  if (yes || (await confirm('go on?', invocation))) return;
  throw new HoldfastError('failed', 'nothing was changed');
}
