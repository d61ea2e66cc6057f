/** Without flags: waits for the schedules of backup.conf, or backs up again and again, until a signal ends it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import type { ScheduleLine } from '../../config/backup-conf.ts';
import type { Clock } from '../../kernel/clock.ts';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { splitShellWords } from '../../kernel/shell-words.ts';
import type { Runtime } from '../verb.ts';
import { type ContainerFlags, modeOf, parseContainerFlags } from './arguments.ts';
import { runBackups } from './run-backups.ts';
import { runSchedules } from './schedule.ts';
import { type ContainerSession, openSession, problemsOf, refuseBadSettings } from './session.ts';
import { showSettings } from './show-settings.ts';

/** Runs one call of backup.sh within this process. */
export type RunFlags = (flags: ContainerFlags, runtime: Runtime) => Promise<void>;

export async function serveSchedules(session: ContainerSession, runFlags: RunFlags): Promise<void> {
  const { tell, runtime, conf } = session;
  const { context } = runtime;
  await tell.info('Starting backup server in cron mode ...');
  showSettings(session);
  refuseBadSettings(session);
  for (const message of problemsOf(session)) await tell.error(message);
  /** which line a cycle of backups runs for: two would write the same files */
  let cycle: ScheduleLine | undefined;
  const run = async (schedule: ScheduleLine): Promise<void> => {
    tell.say(`Running "${schedule.command}" (${schedule.when.pattern}) ...`);
    const args = ownArguments(schedule.command);
    if (args === undefined) return runInShell(schedule.command, runtime);
    const flags = parseContainerFlags(args);
    const backsUp = flags.atOnce === undefined && /^(?:once|scheduled)$/.test(modeOf(flags, true));
    if (backsUp && cycle) {
      throw new HoldfastError('failed', `backups still run for "${cycle.text}", and are not started twice`);
    }
    if (backsUp) cycle = schedule;
    try {
      await runFlags(flags, runtime);
    } catch (error) {
      // the webhook knows already
      if (hasCode(error, 'interrupted')) throw error;
      context.warn(`"${schedule.text}" failed: ${messageOf(error)}`);
    } finally {
      if (backsUp) cycle = undefined;
    }
  };
  const cutOff = await runSchedules(conf.schedules, run, {
    ...{ clock: context.clock, signal: context.signal },
    warn: (message) => void tell.warn(message),
  });
  if (cutOff) throw new HoldfastError('interrupted', 'interrupted');
  tell.say('Stopped.');
}

export async function serveLoop(session: ContainerSession): Promise<void> {
  const { settings, tell, runtime, flags } = session;
  const { context } = runtime;
  refuseBadSettings(session);
  while (!context.signal.aborted) {
    try {
      // the file may have been changed
      const undone = await runBackups(openSession(flags, runtime));
      if (undone) context.warn(undone.message);
    } catch (error) {
      if (hasCode(error, 'interrupted')) throw error;
      await tell.error(messageOf(error));
    }
    tell.say(`Sleeping for ${settings.period} ...`);
    const stopped = await sleepFor(settings.periodMs, context.clock, context.signal);
    if (stopped) break;
  }
  tell.say('Stopped.');
}

/** Timers end at 24 days. */
const longestSleep = 86_400_000;

/** True when it was told to stop. */
async function sleepFor(ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const until = clock.now() + ms;
  try {
    for (let left = ms; left > 0; left = until - clock.now()) {
      await clock.sleep(Math.min(left, longestSleep), signal);
    }
    return false;
  } catch (error) {
    if (hasCode(error, 'interrupted')) return true;
    throw error;
  }
}

/** The flags of a command that is nothing but a call of backup.sh; undefined for what wants a shell. */
export function ownArguments(command: string): string[] | undefined {
  if (/[|&;<>()$`*?~]/.test(command)) return undefined;
  const words = splitShellWords(command);
  const comment = words.findIndex((word) => word.startsWith('#'));
  const [program, ...args] = comment < 0 ? words : words.slice(0, comment);
  if (program === undefined) return undefined;
  if (basename(program) === 'backup.sh') return args;
  return basename(program) === 'holdfast' && args[0] === 'backup-container' ? args.slice(1) : undefined;
}

/** Calls of backup.sh in it are calls of this program. */
async function runInShell(command: string, { environment, context }: Runtime): Promise<void> {
  const own = [process.execPath, process.argv[1]!, 'backup-container'].map(quoted).join(' ');
  const line = command.replaceAll(/(?<=^|[\s;&|(])(?:\S*\/)?backup\.sh(?=$|[\s;&|)])/g, () => own);
  const child = spawn('/bin/sh', ['-c', line], {
    ...{ env: environment as NodeJS.ProcessEnv, stdio: ['ignore', 'inherit', 'inherit'], detached: true },
  });
  // a shell does not hand on what it is sent
  const stop = (): void => void process.kill(-child.pid!, 'SIGTERM');
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (status === 0) return;
    throw new HoldfastError(
      'failed',
      signal ? `it was ended by ${signal}` : `it ended with status ${status}`,
    );
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
