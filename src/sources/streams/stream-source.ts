/** Sources of one entry whose bytes come through a pipe: standard input, or what a command writes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { systemText } from '../../kernel/native/system-error.ts';
import { killGroup } from '../../kernel/process-group.ts';
import type { Entry } from '../entry.ts';
import { cleanPath, joinPath, rawPath } from '../files/path.ts';
import type { Source } from '../source.ts';

export interface StreamOptions {
  /** the entry's name or path in the snapshot */
  readonly filename: string;
  readonly modified: Date;
}

/** The bytes of a readable stream, usually `process.stdin`, as one file. */
export function streamSource(name: string, stream: Readable, options: StreamOptions): Source {
  return { name, entries: (signal) => single(options, readAll(stream, signal)) };
}

/**
 * What a command writes to its standard output, as one file. Its standard error goes line by line to `onErrorLine`.
 * A command that fails makes the stream fail after its last byte: a snapshot must not be written then.
 */
export function commandSource(
  command: readonly string[],
  options: StreamOptions,
  onErrorLine: (line: string) => void,
): Source {
  if (command.length === 0) throw new HoldfastError('usage', 'no command was specified as argument');
  return {
    name: command[0]!,
    entries: (signal) => single(options, runCommand(command, signal, onErrorLine)),
  };
}

async function* single(options: StreamOptions, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Entry> {
  const path = cleanPath(joinPath(rawPath('/'), rawPath(options.filename)));
  if (path.length === 1) throw new HoldfastError('usage', 'invalid filename specified');
  yield { path, permissions: 0o644, modified: options.modified, content: { kind: 'stream', bytes } };
}

async function* readAll(stream: Readable, signal: AbortSignal): AsyncIterable<Uint8Array> {
  let empty = true;
  const abort = () => stream.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const chunk of stream) {
      throwIfAborted(signal);
      empty = false;
      yield chunk as Uint8Array;
    }
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  throwIfAborted(signal);
  if (empty) throw new HoldfastError('failed', 'no data read');
}

function startError(program: string, cause: unknown): HoldfastError {
  const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const lookedUp = absent && !program.includes('/');
  const why = lookedUp ? `there is no program ${program}` : `${program}: ${systemText(cause)}`;
  return new HoldfastError('failed', `failed to start command: ${why}`, {
    cause,
    ...(lookedUp && { hint: 'look for it in the folders of $PATH, or give its whole path' }),
  });
}

/** Between the wish that a command ends and its end by force. */
const graceMs = 5000;

async function* runCommand(
  command: readonly string[],
  signal: AbortSignal,
  onErrorLine: (line: string) => void,
): AsyncIterable<Uint8Array> {
  throwIfAborted(signal);
  // A group of its own, so that nothing that it started is left behind. Without a terminal of its own, though, sudo and
  // ssh cannot ask for a password: where somebody sits at one it stays there, and Ctrl-C reaches all of it.
  const detached = !isatty(0);
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], detached });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  // awaited below; until then a failed start must not count as unhandled
  ended.catch(() => {});
  createInterface({ input: child.stderr }).on('line', onErrorLine);
  const kill = (how: NodeJS.Signals): void => {
    if (detached) killGroup(child.pid, how);
    else child.kill(how);
  };
  const stopped = new Promise<void>((resolve) => {
    const abort = (): void => {
      kill('SIGTERM');
      // what it started may hold the pipe open, and say nothing for long
      child.stdout.destroy();
      resolve();
    };
    signal.addEventListener('abort', abort, { once: true });
    ended.catch(() => {}).finally(() => signal.removeEventListener('abort', abort));
  });
  // this process may end at once, and a command may not heed the wish to end
  const end = (): void => kill('SIGKILL');
  process.once('exit', end);
  let finished = false;
  let empty = true;
  try {
    for await (const chunk of child.stdout) {
      empty = false;
      yield chunk as Uint8Array;
    }
    const how = await Promise.race([ended, stopped]).catch((error: unknown) => {
      throw startError(command[0]!, error);
    });
    throwIfAborted(signal);
    finished = true;
    const [status, killedBy] = how!;
    if (status !== 0) {
      const why = killedBy ? `signal: ${killedBy}` : `exit status ${status}`;
      throw new HoldfastError('failed', `command failed: ${why}`);
    }
    if (empty) throw new HoldfastError('failed', 'no data read');
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    if (!finished) {
      if (!signal.aborted) kill('SIGTERM');
      child.stdout.destroy();
      await Promise.race([ended.catch(() => {}), delay(graceMs, undefined, { ref: false })]);
      kill('SIGKILL');
      child.stderr.destroy();
      child.unref();
    }
    process.off('exit', end);
  }
}
