/** Runs a restore of a database into another one. */
import { dumpDatabase } from '../operations/database/database-dump.ts';
import { parsePostgresUrl } from '../sources/postgres/connection.ts';
import { restorePostgres } from '../sources/postgres/target.ts';
import type { RestoreFlags } from './commands/restore.ts';
import { databasePassword } from './database-operand.ts';
import { setting } from './environment.ts';
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
  const connection = parsePostgresUrl(url);
  const password = await databasePassword(connection, environment);
  const filter = snapshotFilter(flags, environment);
  await withRepository(invocation, { lock: 'read', prefetch: ['index'] }, async (repository, context) => {
    const { evidence, bytes } = await dumpDatabase(repository, { snapshot, filter }, context);
    await restorePostgres(bytes, {
      connection,
      environment,
      password,
      singleTransaction: flags.singleTransaction ?? false,
      programs: setting(environment, 'POSTGRES_BIN'),
      signal: context.signal,
      warn: (message) => context.warn(message),
    });
    const { tables } = evidence;
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    if (terminal.json) {
      terminal.emit({ message_type: 'summary', database: connection.database, tables: tables.length, rows });
    } else {
      terminal.say(
        `restored ${plural(tables.length, 'table')} with ${plural(rows, 'row')} into ${connection.database}`,
      );
    }
  });
}
