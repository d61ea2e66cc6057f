/**
 * The user's rclone as a server of ours alone: on a unix socket in a folder that nobody else may enter. It is rclone's
 * remote control that is spoken, for of all that rclone serves it alone keeps any name, lists folders as they are, and
 * hides no remote behind a cache.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { startBackground } from '../../kernel/background-process.ts';
import type { BackgroundProcess } from '../../kernel/background-process.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { splitShellWords } from '../../kernel/shell-words.ts';
import { createDispatcher } from '../http/connect.ts';
import type { Environment } from '../http/proxy.ts';
import { send } from '../http/send.ts';
import { plainWords } from './errors.ts';

export interface RcloneServerOptions {
  /** as rclone takes it; handed over in the environment, for it may hold secrets */
  readonly remote: string;
  readonly environment: Environment;
  /** `-o rclone.program`: rclone, with words before it if need be */
  readonly program: string | undefined;
  /** `-o rclone.args`: further flags; what restic needs to make it a server is left out */
  readonly args: string | undefined;
  readonly connections: number;
  /** milliseconds without a byte after which a request has failed */
  readonly timeout: number;
  /** milliseconds that it may take to start */
  readonly startTimeout: number;
}

export interface RcloneServer {
  readonly dispatcher: Dispatcher;
  /** how it ended, with its last words; undefined as long as it runs */
  endedSoon(): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** Up to this size an upload reaches rclone in one write, and is whole or not there; from it on, rclone notices a cut. */
export const wholeUpload = 64 << 10;

/** The name under which rclone knows the location. */
export const remoteName = 'holdfast_location:';

const pauseMs = 25;

/** Code `missing-here` without rclone; `failed`, with what rclone says, when it does not start. */
export async function startRclone(options: RcloneServerOptions): Promise<RcloneServer> {
  const [command = 'rclone', ...before] = splitShellWords(options.program ?? 'rclone');
  const folder = await mkdtemp(join(shortFolder(), 'holdfast-rclone-'));
  const socketPath = join(folder, 'socket');
  const child = startBackground(
    command,
    [
      ...[...before, 'rcd', ...extraFlags(options.args)],
      ...['--rc-addr', `unix://${socketPath}`, '--rc-no-auth', '--rc-serve', '--ask-password=false'],
      // a transfer may take longer than an hour
      ...['--rc-server-read-timeout', '0', '--rc-server-write-timeout', '0'],
      ...['--streaming-upload-cutoff', `${wholeUpload}B`, '--ignore-times', '--use-server-modtime'],
    ],
    {
      env: {
        ...options.environment,
        RCLONE_CONFIG_HOLDFAST_LOCATION_TYPE: 'alias',
        RCLONE_CONFIG_HOLDFAST_LOCATION_REMOTE: options.remote,
        // as restic wants it: what prune removes is to be gone
        RCLONE_B2_HARD_DELETE: options.environment['RCLONE_B2_HARD_DELETE'] ?? 'true',
      },
      ...{ cwd: process.cwd(), identity: undefined, stopSignal: 'SIGTERM', litter: folder },
    },
  );
  const dispatcher = createDispatcher({
    ...{ secure: false, socketPath, caFiles: [], systemAuthorities: false },
    ...{ connections: options.connections, timeout: options.timeout },
  });
  const stop = async (): Promise<void> => {
    await dispatcher.destroy();
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await whenListening(command, child, dispatcher, options.startTimeout);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    dispatcher,
    stop,
    async endedSoon() {
      const how = await child.endedSoon();
      return how === undefined ? undefined : `${how}${said(child)}`;
    },
  };
}

async function whenListening(
  command: string,
  child: BackgroundProcess,
  dispatcher: Dispatcher,
  patience: number,
): Promise<void> {
  for (let waited = 0; ; waited += pauseMs) {
    const how = child.ended();
    if (how !== undefined) throw notStarted(command, how, child);
    if (await listens(dispatcher)) return;
    if (waited > patience) {
      throw new HoldfastError('failed', `${basename(command)} does not listen on its socket${said(child)}`, {
        hint: 'rclone 1.61 or newer is needed, on this machine; -o rclone.timeout=2m gives it more time',
      });
    }
    await delay(pauseMs);
  }
}

async function listens(dispatcher: Dispatcher): Promise<boolean> {
  const headers = { 'content-length': '0' };
  const request = { method: 'POST', origin: 'http://rclone', path: '/rc/noop', headers };
  return send(dispatcher, request).then(
    ({ status }) => status === 200,
    () => false,
  );
}

function notStarted(command: string, how: string, child: BackgroundProcess): HoldfastError {
  // the shell's word for a program that is not there, or is none
  if (/status 12[67]$/.test(how)) {
    return new HoldfastError('missing-here', `there is no program ${command} on this machine`, {
      hint: 'install rclone, or name it with -o rclone.program=/path/to/rclone',
    });
  }
  return new HoldfastError('failed', `${basename(command)} ${how}${said(child)}`, {
    hint: 'see whether `rclone lsd` on the same remote works, and look at -o rclone.args',
  });
}

function said(child: BackgroundProcess): string {
  const words = plainWords(child.lastWords());
  return words === '' ? '' : `: ${words}`;
}

/** Scripts for restic say `serve restic --stdio` first. */
function extraFlags(args: string | undefined): string[] {
  const words = splitShellWords(args ?? '');
  if (words[0] === 'serve' && words[1] === 'restic') words.splice(0, 2);
  return words.filter((word) => word !== '--stdio' && word !== '--b2-hard-delete');
}

/** The path of a socket has at most some hundred bytes. */
function shortFolder(): string {
  const folder = tmpdir();
  return Buffer.byteLength(folder) <= 60 ? folder : '/tmp';
}
