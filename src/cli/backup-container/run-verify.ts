/** -v: restores backups into a server that is started for it, looks for tables, and leaves nothing behind. */
import { tmpdir } from 'node:os';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { type FoundBackup, findBackup } from '../../operations/backup-container/find-backup.ts';
import { openBackup, pathOf } from '../../operations/backup-container/stored-backups.ts';
import { scriptDriver } from '../../sources/database/script.ts';
import { plural } from '../output/format.ts';
import { waitForAnyKey } from './any-key.ts';
import { type ListedDatabase, namedDatabase } from './databases.ts';
import { elapsedText } from './elapsed.ts';
import { openTargets, type OpenedTargets } from './places.ts';
import { type ContainerSession, refuseBadSettings, scriptOptions } from './session.ts';

/** Resolves to what was not verified, with the code `failed`; undefined when every backup is there and can be restored. */
export async function runVerify(session: ContainerSession): Promise<HoldfastError | undefined> {
  const { flags, settings, conf, listed, tell, runtime } = session;
  refuseBadSettings(session);
  const isAll = flags.verify === 'all';
  const databases = isAll
    ? listed.databases
    : [namedDatabase(flags.verify!, conf, settings, runtime.environment)];
  await using targets = await openTargets(settings, runtime.environment, runtime.context);
  let failed = 0;
  for (const { text, message } of isAll ? listed.refused : []) {
    failed++;
    await tell.warn(`Not verified: ${text}. ${message}.`);
  }
  for (const database of databases) {
    if (!(await verifyOne(session, database, targets))) failed++;
    if (runtime.context.signal.aborted) throw new HoldfastError('interrupted', 'interrupted');
  }
  if (failed === 0) return undefined;
  const all = databases.length + (isAll ? listed.refused.length : 0);
  return new HoldfastError('failed', `${failed} of ${all} backups were not verified`);
}

async function verifyOne(
  session: ContainerSession,
  listed: ListedDatabase,
  targets: OpenedTargets,
): Promise<boolean> {
  const { flags, settings, tell, runtime } = session;
  const { context } = runtime;
  const { text, database, core } = listed;
  tell.say('Verifying backup ...');
  tell.say('');
  tell.say('Settings:');
  tell.say(`- Database: ${text}`);
  let found: FoundBackup;
  try {
    refuseShared(listed, flags.filter);
    found = await findBackup(targets, core, flags.filter, context);
  } catch (error) {
    await tell.error(`Backup verification failed: ${text}\n\n${messageOf(error)}`);
    return false;
  }
  const path = pathOf(found);
  tell.say(`- Backup file: ${path}`);
  tell.say('');
  if (flags.dryRun) return true;
  if (!flags.scheduled) await waitForAnyKey(runtime);
  const began = context.clock.now();
  const elapsed = (status: number): string =>
    `\n\nElapsed time: ${elapsedText(context.clock, began)} - Status Code: ${status}`;
  const warnings: string[] = [];
  try {
    const driver = await scriptDriver(database.kind);
    const verified = await driver.verify(database, openBackup(found, context.signal), {
      ...scriptOptions(session, database.kind, (message) => warnings.push(message)),
      ...{ schema: listed.verifySchema, serverTimeout: settings.serverTimeout },
      ...{ temporaryFolder: tmpdir(), ignoreErrors: flags.ignoreErrors },
    });
    const { tables, size, server, madeUp } = verified;
    const notes = [...madeUp, ...warnings].map((line) => `\n${line}`).join('');
    await tell.info(
      `Successfully verified backup: ${path}\nThe restored database contained ${plural(tables, 'table')}, and is ${size} in size (${server}).${notes}${elapsed(0)}`,
    );
    return true;
  } catch (error) {
    const hint = error instanceof HoldfastError && error.hint ? ` (${error.hint})` : '';
    const issues = warnings.map((line) => `\n${line}`).join('');
    await tell.error(
      `Backup verification failed: ${path}\n\nThe following issues were encountered during backup verification;\n${messageOf(error)}${hint}${issues}${elapsed(1)}`,
    );
    return false;
  }
}

/** Code `usage` where a name does not tell which database a file is of. */
export function refuseShared({ core, shares, text }: ListedDatabase, filter: string | undefined): void {
  if (shares === 1 || filter !== undefined) return;
  throw new HoldfastError('usage', `files of ${text} have the same name as those of another line: ${core}`, {
    hint: '-f names the file that is meant',
  });
}
