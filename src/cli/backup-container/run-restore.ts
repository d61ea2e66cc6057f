/** -r: puts a backup in the place of a database, here or elsewhere, once somebody agrees. */
import { HoldfastError } from '../../kernel/errors.ts';
import { findBackup } from '../../operations/backup-container/find-backup.ts';
import { openBackup, pathOf } from '../../operations/backup-container/stored-backups.ts';
import { scriptDriver } from '../../sources/database/script.ts';
import { readSecret } from '../prompt.ts';
import { plural } from '../output/format.ts';
import { waitForAnyKey } from './any-key.ts';
import { isOfAnotherContainer, type ListedDatabase, namedDatabase } from './databases.ts';
import { elapsedText } from './elapsed.ts';
import { openTargets } from './places.ts';
import { refuseShared } from './run-verify.ts';
import { type ContainerSession, refuseBadSettings, scriptOptions } from './session.ts';
import { parseDatabaseSpec } from '../../config/backup-conf.ts';

export async function runRestore(session: ContainerSession): Promise<void> {
  const { flags, settings, conf, tell, runtime } = session;
  const { context, environment } = runtime;
  refuseBadSettings(session);
  const given = flags.restore!;
  if (isOfAnotherContainer(parseDatabaseSpec(given), settings)) {
    throw new HoldfastError('usage', `${given} is no database of the kind ${settings.containerType}`, {
      hint: 'CONTAINER_TYPE says of which kind databases are',
    });
  }
  const listed = namedDatabase(given, conf, settings, environment);
  refuseShared(listed, flags.filter);
  await using targets = await openTargets(settings, environment, context);
  const found = await findBackup(targets, listed.core, flags.filter, context);
  tell.say('Restoring database ...');
  tell.say('');
  tell.say('Settings:');
  tell.say(`- Database: ${listed.text}`);
  tell.say(`- Backup file: ${pathOf(found)}`);
  tell.say('');
  if (flags.dryRun) return;
  if (!flags.scheduled) await waitForAnyKey(runtime);
  const password = flags.adminPassword ?? (flags.scheduled ? undefined : await askPassword(session, listed));
  const began = context.clock.now();
  tell.say(`Restoring '${pathOf(found)}' to '${listed.text}' ...`);
  const { database } = listed;
  const driver = await scriptDriver(database.kind);
  const result = await driver.restore(database, openBackup(found, context.signal), {
    ...scriptOptions(session, database.kind, (message) => context.warn(message)),
    administrator: administratorOf(session, listed, password || undefined),
    ignoreErrors: flags.ignoreErrors,
    tell: (step) => tell.say(step),
  });
  tell.say(`The restored database has ${plural(result.tables, 'table')}, and is ${result.size} in size.`);
  tell.say('');
  tell.say(`Restore complete - Elapsed time: ${elapsedText(context.clock, began)}`);
}

/** PostgreSQL's is who runs the server, also where it asks for no password; of MySQL's it is root, who always has one. */
function administratorOf(
  { runtime }: ContainerSession,
  { database }: ListedDatabase,
  password: string | undefined,
): { user: string; password: string | undefined } | undefined {
  const { environment } = runtime;
  if (database.kind === 'postgres') {
    return { user: environment['PGUSER'] || 'postgres', password };
  }
  return password === undefined ? undefined : { user: environment['MYSQL_ADMIN_USER'] || 'root', password };
}

function askPassword({ runtime }: ContainerSession, { text }: ListedDatabase): Promise<string> {
  const { stdin, terminal, context } = runtime;
  return readSecret(`Admin password (${text}):`, {
    input: stdin(),
    ask: (question) => terminal.ask(question),
    answered: () => terminal.answered(),
    signal: context.signal,
  });
}
