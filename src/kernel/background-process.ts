/** A server of our own that runs beside the work: it ends when told to, and also when this process is killed. */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError, messageOf } from './errors.ts';
import type { UserIdentity } from './process.ts';

export interface BackgroundOptions {
  /** all of its environment */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** who it runs as; undefined for the user of this process */
  readonly identity: UserIdentity | undefined;
  /** what asks it to end at once */
  readonly stopSignal: 'SIGKILL' | 'SIGQUIT' | 'SIGTERM';
  /** a folder of this process that is removed when it is killed and cannot do so itself */
  readonly litter?: string;
}

export interface BackgroundProcess {
  /** how it ended; undefined as long as it runs */
  ended(): string | undefined;
  /** The same for who has just seen something fail: the news of the end may be on its way. */
  endedSoon(): Promise<string | undefined>;
  /** the end of what it said, on one line */
  lastWords(): string;
  /** Ends it, and resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

const keptWords = 4 * 1024;
const graceMs = 5000;
const momentMs = 300;

/**
 * The program takes the place of a shell that has left a watcher behind: it waits for the end of a pipe that this
 * process holds, which the system closes however this process ends.
 */
const script = (signal: string): string =>
  `exec 3<&0; litter=$1; shift
(cat <&3 >/dev/null 2>&1; kill -${signal} $$; [ -z "$litter" ] || rm -rf "$litter") >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-`;

/** Code `failed` when it cannot be started at all. It gets no signals of the terminal. */
export function startBackground(
  command: string,
  args: readonly string[],
  { env, cwd, identity, stopSignal, litter = '' }: BackgroundOptions,
): BackgroundProcess {
  const child = spawn('/bin/sh', ['-c', script(stopSignal.slice(3)), 'sh', litter, command, ...args], {
    ...{ env: env as NodeJS.ProcessEnv, cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
    ...identity,
  });
  let words = '';
  let how: string | undefined;
  const listen = (text: string): void => void (words = (words + text).slice(-keptWords));
  child.stdout!.setEncoding('utf8').on('data', listen);
  child.stderr!.setEncoding('utf8').on('data', listen);
  child.stdin!.on('error', () => {});
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const over = (text: string): void => {
    how ??= text;
    // lets go of the watcher, who finds nobody any more
    child.stdin!.destroy();
    resolve();
  };
  child.on('error', (error) => over(`cannot be started: ${messageOf(error)}`));
  child.on('exit', (status, signal) =>
    over(signal ? `was ended by ${signal}` : `ended with status ${status}`),
  );

  return {
    ended: () => how,
    async endedSoon() {
      const moment = new AbortController();
      await Promise.race([end, delay(momentMs, undefined, { signal: moment.signal }).catch(() => {})]);
      moment.abort();
      return how;
    },
    lastWords: () =>
      words
        .split('\n')
        .filter((line) => line.trim() !== '')
        .slice(-3)
        .join('; '),
    async stop() {
      if (how !== undefined) return;
      child.kill(stopSignal);
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await end;
      clearTimeout(late);
    },
  };
}

/** Asks `ready` again and again. Code `failed` when the process ends or stays silent; `interrupted`. */
export async function whenReady(
  name: string,
  child: BackgroundProcess,
  ready: () => Promise<boolean>,
  pause: () => Promise<void>,
  tries: number,
): Promise<void> {
  for (let left = tries; ; left--) {
    const how = child.ended();
    if (how !== undefined) throw new HoldfastError('failed', `${name} ${how}: ${child.lastWords()}`);
    if (await ready()) return;
    if (left === 0) throw new HoldfastError('failed', `${name} does not answer: ${child.lastWords()}`);
    await pause();
  }
}
