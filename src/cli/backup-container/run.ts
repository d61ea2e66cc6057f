/** `holdfast backup-container`, or backup.sh: from its flags to what they mean. */
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { Runtime } from '../verb.ts';
import { type ContainerFlags, modeOf, parseContainerFlags } from './arguments.ts';
import { type ContainerSession, openSession } from './session.ts';

/** Codes `usage`, `failed` when a part of the work was not done, `incomplete` when it wants to be looked at, and those of what is done. */
export async function runContainer(args: readonly string[], runtime: Runtime): Promise<void> {
  if (args[0] === 'convert') {
    const { runConvert } = await import('./convert.ts');
    return await runConvert(args.slice(1), runtime);
  }
  await runFlags(parseContainerFlags(args), runtime);
}

async function runFlags(flags: ContainerFlags, runtime: Runtime): Promise<void> {
  if (flags.atOnce === 'help') {
    const { containerUsage } = await import('./usage.ts');
    return runtime.terminal.raw(containerUsage);
  }
  const session = openSession(flags, runtime);
  if (flags.atOnce === 'settings') {
    const { showSettings } = await import('./show-settings.ts');
    const { problemsOf } = await import('./session.ts');
    session.tell.say('Listing configuration settings ...');
    showSettings(session);
    if (problemsOf(session).length === 0) return;
    throw new HoldfastError('usage', 'there is something wrong with the configuration');
  }
  if (flags.atOnce === 'list') {
    const [{ openTargets }, { showBackups }] = await Promise.all([
      import('./places.ts'),
      import('./show-backups.ts'),
    ]);
    await using targets = await openTargets(session.settings, runtime.environment, runtime.context);
    return await showBackups(session, targets);
  }
  switch (modeOf(flags, session.conf.schedules.length > 0)) {
    case 'prune':
      return (await import('./run-prune.ts')).runPrune(session);
    case 'restore':
      return (await import('./run-restore.ts')).runRestore(session);
    case 'verify':
    case 'scheduled-verify':
      return finish(session, (await import('./run-verify.ts')).runVerify(session));
    case 'once':
    case 'scheduled': {
      await finish(session, (await import('./run-backups.ts')).runBackups(session));
      return session.tell.say(`${flags.once ? 'Single' : 'Scheduled'} backup run complete.`);
    }
    case 'cron':
      return (await import('./serve.ts')).serveSchedules(session, runFlags);
    case 'legacy':
      return (await import('./serve.ts')).serveLoop(session);
  }
}

/** What ends the work before its end is told like what fails on the way. */
async function finish({ tell }: ContainerSession, work: Promise<HoldfastError | undefined>): Promise<void> {
  let undone: HoldfastError | undefined;
  try {
    undone = await work;
  } catch (error) {
    if (!hasCode(error, 'interrupted')) await tell.error(messageOf(error));
    throw error;
  }
  if (undone) throw undone;
}

/** Whether the flags wait for signals: then one of them is a good end. */
export function isService(args: readonly string[]): boolean {
  if (args[0] === 'convert') return false;
  try {
    const flags = parseContainerFlags(args);
    return flags.atOnce === undefined && isIdle(flags);
  } catch (error) {
    if (hasCode(error, 'usage')) return false;
    throw error;
  }
}

function isIdle({ prune, restore, verify, once, scheduled }: ContainerFlags): boolean {
  return !prune && restore === undefined && verify === undefined && !once && !scheduled;
}
