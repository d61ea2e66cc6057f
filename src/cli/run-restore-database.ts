/** Runs a restore of a database into another one. */
import { HoldfastError } from '../kernel/errors.ts';
import { openStoredDatabase } from '../operations/database/database-dump.ts';
import type { RestoreFlags } from './commands/restore.ts';
import { databaseOperand } from './database-operand.ts';
import { storedMasker } from './masking-flags.ts';
import { plural } from './output/format.ts';
import { withRepository } from './session.ts';
import { snapshotFilter } from './snapshot-flags.ts';
import type { Invocation } from './verb.ts';

export async function runRestoreDatabase(
  invocation: Invocation,
  snapshot: string,
  url: string,
  flags: RestoreFlags,
): Promise<void> {
  const { terminal, environment } = invocation;
  const { driver, address, connection } = await databaseOperand(invocation, url);
  const filter = snapshotFilter(flags, environment);
  await withRepository(invocation, { lock: 'read', prefetch: ['index'] }, async (repository, context) => {
    const masked = storedMasker(invocation, flags.mask, repository);
    const stored = await openStoredDatabase(repository, { snapshot, filter, masked }, context);
    const { kind } = stored.evidence;
    if (!driver.kinds.includes(kind)) {
      throw new HoldfastError(
        'usage',
        `the snapshot has a database of ${kind}, and --to names one of another kind`,
      );
    }
    await address.restore(stored, {
      ...connection,
      singleTransaction: flags.singleTransaction ?? false,
      signal: context.signal,
      warn: (message) => context.warn(message),
    });
    const { tables } = stored.evidence;
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    if (terminal.json) {
      terminal.emit({ message_type: 'summary', database: address.database, tables: tables.length, rows });
    } else {
      terminal.say(
        `restored ${plural(tables.length, 'table')} with ${plural(rows, 'row')} into ${address.database}`,
      );
    }
  });
}
