/** Commands that belong to a job: freeze and thaw, stop and start. Each is watched, and ended when it takes too long. */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError, messageOf, throwIfAborted } from '../kernel/errors.ts';
import { killGroup } from '../kernel/process-group.ts';

export interface Hook {
  /** a line for the shell, or a program and its arguments */
  readonly command: string | readonly string[];
  /** milliseconds */
  readonly timeout: number;
  /** what becomes of the run when it fails */
  readonly onError: 'stop' | 'continue';
}

export interface Hooks {
  readonly before: readonly Hook[];
  readonly after: readonly Hook[];
  readonly onFailure: readonly Hook[];
}

/** Between the wish that a command ends and its end by force. */
const graceMs = 5000;
/** After a command's end its last words may be on their way; what it left running may hold its output for ever. */
const momentMs = 300;
const keptWords = 2 * 1024;

/** What a hook is called in messages. */
export function hookName({ command }: Hook): string {
  const text = typeof command === 'string' ? command : command.join(' ');
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`;
}

/**
 * Runs a hook to its end; the last line that it said. It and all that it started are ended after its time, and when
 * `signal` aborts. Codes `failed`, `interrupted`.
 */
export async function runHook(
  hook: Hook,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string> {
  throwIfAborted(signal);
  const [program, ...args] =
    typeof hook.command === 'string' ? ['/bin/sh', '-c', hook.command] : hook.command;
  if (program === undefined) throw new HoldfastError('failed', 'the command is empty');
  // a group of its own, so that nothing that it started is left behind
  const child = spawn(program, args, {
    env: environment as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let words = '';
  const listen = (text: string): void => void (words = (words + text).slice(-keptWords));
  child.stdout.setEncoding('utf8').on('data', listen);
  child.stderr.setEncoding('utf8').on('data', listen);
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, killedBy) => {
      if (status === 0) resolve(undefined);
      else resolve(killedBy ? `was ended by ${killedBy}` : `failed with status ${status}`);
    });
  });
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  const tooLate = new AbortController();
  const timer = setTimeout(() => tooLate.abort(), hook.timeout);
  const stop = AbortSignal.any([signal, tooLate.signal]);
  const end = (): void => {
    killGroup(child.pid, 'SIGTERM');
    setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs).unref();
  };
  stop.addEventListener('abort', end, { once: true });
  let how: string | undefined;
  try {
    how = await ended;
    await Promise.race([closed, delay(momentMs, undefined, { ref: false })]);
  } catch (cause) {
    throw new HoldfastError('failed', `cannot be started: ${messageOf(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', end);
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
  const said = words.trim().split('\n').at(-1)?.trim() ?? '';
  if (tooLate.signal.aborted) {
    // what ignores the wish to end is not waited for
    killGroup(child.pid, 'SIGKILL');
    throw new HoldfastError(
      'failed',
      `was ended after ${secondsText(hook.timeout)}${said === '' ? '' : `: ${said}`}`,
    );
  }
  throwIfAborted(signal);
  if (how !== undefined) throw new HoldfastError('failed', `${how}${said === '' ? '' : `: ${said}`}`);
  return said;
}

function secondsText(milliseconds: number): string {
  return milliseconds === 1000 ? '1 second' : `${milliseconds / 1000} seconds`;
}

/** Variables that hold what opens something, by the names that they usually have. */
const secretVariable =
  /^(?:HOLDFAST|RESTIC)_.*(?:PASS|KEY|TOKEN)|^AWS_(?:SECRET|SESSION)|(?:PASSWORD|SECRET|TOKEN)$/;

/**
 * The environment of hooks: this process's without secrets, and what they are told.
 * @param secrets names of further variables that hold secrets
 */
export function hookEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  secrets: ReadonlySet<string>,
  told: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  const open = Object.entries(environment).filter(
    ([name]) => !secrets.has(name) && !secretVariable.test(name),
  );
  return { ...Object.fromEntries(open), ...told };
}
