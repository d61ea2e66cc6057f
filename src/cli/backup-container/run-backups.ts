/** A cycle: every database of the file in its order; one that fails keeps none of the others from being backed up. */
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import {
  backUpDatabase,
  type DatabaseBackupResult,
  nextName,
} from '../../operations/backup-container/backup-database.ts';
import type { PruneRules } from '../../operations/backup-container/prune.ts';
import { formatBytes } from '../output/format.ts';
import type { ListedDatabase } from './databases.ts';
import { elapsedText } from './elapsed.ts';
import { openTargets, type OpenedTargets } from './places.ts';
import { type ContainerSession, refuseBadSettings, scriptOptions } from './session.ts';
import { databaseSize, showBackups } from './show-backups.ts';
import { showSettings } from './show-settings.ts';

/**
 * Resolves to what was not done, with the code `failed`, or `incomplete` where every backup is there and something of it
 * wants to be looked at; undefined when every database has its backup and all of its copies.
 */
export async function runBackups(session: ContainerSession): Promise<HoldfastError | undefined> {
  const { tell, listed, runtime, settings, flags, conf } = session;
  const { context, environment } = runtime;
  tell.say('Starting backup process ...');
  showSettings(session);
  refuseBadSettings(session);
  const rules = { strategy: settings.strategy!, minSizeRatio: settings.minSizeRatio };
  await using targets = await openTargets(settings, environment, context);
  const senseless = conf.problems.filter(({ ofSchedule }) => !ofSchedule);
  const all = listed.databases.length + listed.refused.length + senseless.length;
  // who runs them was told when it began, and no database is without its backup for them
  for (const { message, ofSchedule } of conf.problems) if (ofSchedule) context.warn(message);
  if (flags.dryRun) {
    await tellPlan(session, targets, rules);
    for (const { message } of senseless) tell.say(`would not back up ${message}`);
    const left = listed.refused.length + senseless.length;
    return left === 0
      ? undefined
      : new HoldfastError('failed', `${left} of ${all} lines would not be backed up`);
  }
  let failed = 0;
  let warned = 0;
  for (const { message } of senseless) {
    failed++;
    await tell.error(message);
  }
  for (const { text, message } of listed.refused) {
    failed++;
    await tell.warn(`Not backed up: ${text}. ${message}.`);
  }
  for (const listedDatabase of listed.databases) {
    const outcome = await backUpOne(session, listedDatabase, targets, rules);
    if (outcome === 'failed') failed++;
    if (outcome === 'warning') warned++;
    if (context.signal.aborted) throw new HoldfastError('interrupted', 'interrupted');
  }
  await showBackups(session, targets);
  if (failed > 0) {
    return new HoldfastError('failed', `${failed} of ${all} lines were not backed up, or not to everywhere`);
  }
  if (warned === 0) return undefined;
  return new HoldfastError('incomplete', `${warned} of ${all} backups want to be looked at`);
}

/** `warning`: the backup and all of its copies are there, and nothing was pruned for a reason that was told. */
async function backUpOne(
  session: ContainerSession,
  listedDatabase: ListedDatabase,
  targets: OpenedTargets,
  rules: PruneRules,
): Promise<'done' | 'warning' | 'failed'> {
  const { tell, runtime, flags } = session;
  const { context } = runtime;
  const { text, database } = listedDatabase;
  const began = context.clock.now();
  const warnings: string[] = [];
  const name = await nextName(listedDatabase, rules, targets.folder, context);
  const script = {
    ...scriptOptions(session, database.kind, (message) => warnings.push(message)),
    stallTimeout: session.settings.stallTimeout,
  };
  const elapsed = (status: number): string =>
    `\n\nElapsed time: ${elapsedText(context.clock, began)} - Status Code: ${status}`;
  tell.say(`Backing up '${text}' to '${join(targets.folder.storage.location, name)}' ...`);
  let result: DatabaseBackupResult;
  try {
    result = await backUpDatabase(listedDatabase, name, targets, rules, script, context);
  } catch (error) {
    if (flags.nullPlugin && isWithoutProgram(error)) {
      tell.say(`[null] ${messageOf(error)}: ${text} is passed over`);
      return 'done';
    }
    const hint = error instanceof HoldfastError && error.hint ? ` (${error.hint})` : '';
    // flags of other verbs are variables here
    const said = `${messageOf(error)}${hint.replace('--stall-timeout', 'DATABASE_STALL_TIMEOUT')}`;
    await tell.error(`Failed to backup ${text}.\n${said}${elapsed(1)}`);
    return 'failed';
  }
  const size = await databaseSize(session, listedDatabase);
  const copied = result.copies.filter(({ error }) => !error);
  const lines = [
    `Successfully backed up ${text}.`,
    `Backup written to ${result.path}.`,
    ...copied.map(({ place }) => `Copied to ${place.kind}: ${place.storage.location}.`),
    `Database Size: ${size}`,
    `Backup Size: ${formatBytes(result.size)}`,
    ...(result.removed.length === 0 ? [] : [`Backups pruned: ${result.removed.length}`]),
    ...warnings.map((warning) => `Warning: ${warning}`),
  ];
  if (result.leftOut.length === 0) await tell.info(lines.join('\n') + elapsed(0));
  else {
    const lacking = result.leftOut.map((what) => `Not in the backup: ${what}.`);
    await tell.warn([...lines, ...lacking, 'Nothing was pruned.'].join('\n') + elapsed(3));
  }
  for (const sentence of result.held) await tell.warn(`${text}: ${sentence}`);
  const missing = result.copies.filter(({ error }) => error);
  for (const { place, error } of missing) {
    await tell.error(
      `Failed to copy ${result.path} to ${place.kind}: ${messageOf(error)}. Nothing was pruned.`,
    );
  }
  if (missing.length > 0) return 'failed';
  return result.leftOut.length + result.held.length > 0 ? 'warning' : 'done';
}

/** A machine without the programs of a kind of database is what the null plugin is for. */
function isWithoutProgram(error: unknown): boolean {
  return /\bis(?: not installed| here in version )|^no client of /.test(messageOf(error));
}

async function tellPlan(
  { tell, listed, runtime, settings }: ContainerSession,
  { folder }: OpenedTargets,
  rules: PruneRules,
): Promise<void> {
  for (const database of listed.databases) {
    const name = await nextName(database, rules, folder, runtime.context);
    tell.say(`would back up '${database.text}' to '${join(settings.folder, name)}'`);
  }
  for (const { text, message } of listed.refused) tell.say(`would not back up ${text}: ${message}`);
}
