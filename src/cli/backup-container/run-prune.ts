/** -p: removes what has had its time everywhere, or with -f what a filter fits, once somebody agrees. */
import { listBackups, pathOf, type StoredBackup } from '../../operations/backup-container/stored-backups.ts';
import { matchingBackups } from '../../operations/backup-container/choose-backup.ts';
import { planPrune, removeBackups } from '../../operations/backup-container/prune.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { waitForAnyKey } from './any-key.ts';
import { openTargets } from './places.ts';
import { type ContainerSession, refuseBadSettings } from './session.ts';

/** Code `incomplete` when something was kept for a reason that was told. */
export async function runPrune(session: ContainerSession): Promise<void> {
  const { tell, flags, settings, runtime } = session;
  const { context, environment } = runtime;
  refuseBadSettings(session);
  await using targets = await openTargets(settings, environment, context);
  const places = [targets.folder, ...targets.copies];
  const remove: StoredBackup[] = [];
  let isHeld = false;
  if (flags.filter === undefined) {
    const rules = { strategy: settings.strategy!, minSizeRatio: settings.minSizeRatio };
    const cores = new Map(session.listed.databases.map(({ core, shares }) => [core, shares]));
    for (const place of places) {
      for (const [core, shares] of cores) {
        const plan = await planPrune(place, core, rules, shares, context);
        for (const sentence of plan.held) await tell.warn(sentence);
        isHeld ||= plan.held.length > 0;
        remove.push(...plan.remove);
      }
    }
  } else {
    const { signal } = context;
    const all = await Promise.all(places.map((place) => Array.fromAsync(listBackups(place, { signal }))));
    remove.push(...matchingBackups(all.flat(), flags.filter));
    if (remove.length === 0) {
      throw new HoldfastError('not-found', `no backup fits "${flags.filter}"`, { hint: '-l lists them all' });
    }
  }
  for (const backup of remove) {
    tell.say(`${flags.dryRun ? 'would delete' : 'About to delete'} backup file: ${pathOf(backup)}`);
  }
  if (flags.dryRun) return;
  // what the settings say is done every night as well
  if (flags.filter !== undefined && !flags.scheduled) await waitForAnyKey(runtime);
  await removeBackups(remove, context);
  tell.say(`${remove.length} backups deleted`);
  if (isHeld) throw new HoldfastError('incomplete', 'not everything was pruned that was asked for');
}
