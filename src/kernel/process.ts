/** Child processes: what they write is streamed, how they end is checked, and their own words are in the error. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { close } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { HoldfastError, messageOf, throwIfAborted } from './errors.ts';
import { openWidePipe, type WidePipe } from './native/pipe.ts';
import { workAsBatch } from './native/scheduling.ts';

/** Another user whom a child runs as; only root may choose one. */
export interface UserIdentity {
  readonly uid: number;
  readonly gid: number;
}

export interface ProcessOptions {
  /** all of the child's environment: where secrets go, never into arguments */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** the child's folder; that of this process without it */
  readonly cwd?: string;
  readonly identity?: UserIdentity | undefined;
  readonly signal: AbortSignal;
  /** milliseconds without a byte after which the child is taken for stuck and ended */
  readonly stallTimeout?: number | undefined;
  /** takes what `runProcess` reads as it comes */
  readonly onOutput?: (text: string) => void;
  /** takes what a child that succeeds writes to its standard error, line by line */
  readonly onWarning?: (line: string) => void;
}

/** How much of standard error is kept for messages. */
const keptWords = 8 * 1024;
/** Bytes that stay in a processor's cache until they are looked at. */
const pieceSize = 256 * 1024;
/** Pieces after which others have their turn. */
const piecesInARow = 16;

const closeDescriptor = promisify(close);

/**
 * What a program writes to its standard output. A piece is valid until the next one is asked for. After the last byte
 * it throws with the code `failed` unless the program succeeded; `unreachable` when it was stuck; `interrupted`.
 */
export async function* readProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
): AsyncGenerator<Uint8Array, void, void> {
  throwIfAborted(options.signal);
  const pipe = openWidePipe();
  workAsBatch();
  const child = start(command, args, options, ['ignore', pipe ? pipe.writeEnd : 'pipe', 'pipe']);
  if (pipe) await closeDescriptor(pipe.writeEnd);
  try {
    const pieces = pipe ? readPipe(pipe) : readStream(child);
    for (;;) {
      const next = await child.watched(pieces.next());
      if (next.done) break;
      yield next.value;
    }
    await child.end();
  } finally {
    child.kill();
    if (pipe) await closeDescriptor(pipe.readEnd);
  }
}

/**
 * Feeds a program's standard input with all of `input`, and resolves to what it wrote to its standard output, which
 * should be little. The same errors as `readProcess`.
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array> | string,
  options: ProcessOptions,
): Promise<string> {
  throwIfAborted(options.signal);
  const child = start(command, args, options, ['pipe', 'pipe', 'pipe']);
  const stdin = child.process.stdin!;
  // a program that ends early closes its input; its status says why
  stdin.on('error', () => {});
  let output = '';
  child.process.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    options.onOutput?.(text);
  });
  try {
    if (typeof input === 'string') {
      stdin.write(input);
    } else {
      for await (const piece of input) {
        if (child.hasEnded()) break;
        if (!stdin.write(piece)) await child.watched(drained(stdin, child));
      }
    }
    stdin.end();
    await child.end();
    return output;
  } finally {
    child.kill();
  }
}

/**
 * What a program makes of `input`: it reads that from its standard input, and writes to its standard output. The same
 * errors as `readProcess`, and those of `input`.
 */
export async function* filterProcess(
  command: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  options: ProcessOptions,
): AsyncGenerator<Uint8Array, void, void> {
  throwIfAborted(options.signal);
  const child = start(command, args, options, ['pipe', 'pipe', 'pipe']);
  const stdin = child.process.stdin!;
  stdin.on('error', () => {});
  const feed = async (): Promise<void> => {
    for await (const piece of input) {
      if (child.hasEnded() || stdin.destroyed) return;
      // the piece is valid until the next one alone, and a pipe may take its time
      if (!stdin.write(Buffer.from(piece))) await drained(stdin, child);
    }
    stdin.end();
  };
  const fed = feed().catch((error: unknown) => {
    child.kill();
    return { error };
  });
  try {
    yield* readStream(child);
    const failed = await fed;
    if (failed) throw failed.error;
    await child.end();
  } finally {
    child.kill();
    await fed;
  }
}

interface RunningChild {
  readonly process: ChildProcess;
  hasEnded(): boolean;
  /** The same promise, rejected when nothing comes of it for too long. */
  watched<T>(work: Promise<T>): Promise<T>;
  /** Resolves when the program has ended well. */
  end(): Promise<void>;
  kill(): void;
}

function start(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
  stdio: StdioOptions,
): RunningChild {
  const name = basename(command);
  const { signal, stallTimeout, identity } = options;
  const child = spawn(command, args, {
    ...{ env: options.env as NodeJS.ProcessEnv, stdio, cwd: options.cwd },
    ...identity,
  });
  let words = '';
  let over = false;
  let stalled = false;
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-keptWords)));
  const ended = new Promise<{ status: number | null; killedBy: string | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, killedBy) => resolve({ status, killedBy }));
  }).finally(() => (over = true));
  ended.catch(() => {});
  const kill = () => void (over || child.kill('SIGTERM'));
  signal.addEventListener('abort', kill, { once: true });

  function stuck(): HoldfastError {
    const seconds = Math.round(stallTimeout! / 1000);
    return new HoldfastError('unreachable', `${name} was stuck: nothing came for ${seconds} seconds`, {
      hint: 'a lock or the server may hold it up; --stall-timeout gives it more time',
      retryable: true,
    });
  }

  return {
    process: child,
    hasEnded: () => over,
    async watched(work) {
      if (stallTimeout === undefined) return work;
      const timer = setTimeout(() => {
        stalled = true;
        child.kill('SIGKILL');
      }, stallTimeout);
      try {
        return await work;
      } finally {
        clearTimeout(timer);
      }
    },
    async end() {
      let result: Awaited<typeof ended>;
      try {
        result = await this.watched(ended);
      } catch (cause) {
        throw new HoldfastError('failed', `${name} cannot be started: ${messageOf(cause)}`, { cause });
      }
      throwIfAborted(signal);
      if (stalled) throw stuck();
      signal.removeEventListener('abort', kill);
      const { status, killedBy } = result;
      if (status !== 0) {
        const how = killedBy ? `was ended by ${killedBy}` : `failed with status ${status}`;
        const said = sentence(words, name);
        throw new HoldfastError('failed', `${name} ${how}${said === '' ? '' : `: ${said}`}`);
      }
      for (const line of words.split('\n')) if (line.trim() !== '') options.onWarning?.(line.trim());
    },
    kill,
  };
}

const complaint = /\b(?:error|fatal|panic|couldn't|denied)\b/i;

/** What a program complained of, on one line: its errors, or all it said when it called nothing an error. */
function sentence(words: string, name: string): string {
  const lines = words
    .split('\n')
    .map((line) => line.trim().replace(`${name}: `, ''))
    .filter((line) => line !== '');
  const errors = lines.filter((line) => complaint.test(line) && !/^warning:/i.test(line));
  const told = (errors.length > 0 ? errors : lines).map((line) => line.replace(/^error: /, ''));
  return told.slice(0, 4).join('; ');
}

async function* readPipe(pipe: WidePipe): AsyncGenerator<Uint8Array, void, void> {
  const buffer = Buffer.allocUnsafeSlow(pieceSize);
  for (let row = 0; ;) {
    const count = pipe.readNow(buffer);
    if (count === 0) return;
    if (count > 0) yield buffer.subarray(0, count);
    // at once when there is more: a pipe that fills stops the program, and the server behind it
    if (count < buffer.length) await pipe.readable();
    else if (++row % piecesInARow === 0) await turn();
  }
}

async function* readStream(child: RunningChild): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of child.process.stdout!) yield piece as Uint8Array;
}

function drained(stdin: NodeJS.WritableStream, child: RunningChild): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stdin.once('drain', resolve);
  child.process.once('close', resolve);
  return promise.finally(() => {
    stdin.off('drain', resolve);
    child.process.off('close', resolve);
  });
}
