/** Runs a program to its end and keeps all that it said: for restic, for our own command line, for anything else. */
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  /** added to this process's environment; undefined removes a variable */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** standard input; nothing by default */
  readonly input?: string | Uint8Array;
  /** milliseconds after which the program is killed and the run throws, default two minutes */
  readonly timeout?: number;
  /** exit statuses that are fine, default 0 alone; 'any' never throws */
  readonly expect?: number | readonly number[] | 'any';
}

export interface RunResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly bytes: Buffer;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program; throws with everything it said when its exit status is not an expected one. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout ?? 120_000,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  // a program that does not read its input closes the pipe early
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  child.on('error', reject);
  child.on('close', (status, signal) => {
    const bytes = Buffer.concat(out);
    resolve({ status, signal, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() });
  });
  const result = await promise;
  if (!isExpected(result.status, options.expect ?? 0)) {
    const how = result.signal === null ? `status ${result.status}` : `signal ${result.signal}`;
    throw new Error(
      `${[command, ...args].join(' ')}: ${how}\n${result.stderr}\n${result.stdout.slice(0, 20_000)}`,
    );
  }
  return result;
}

function isExpected(status: number | null, expected: number | readonly number[] | 'any'): boolean {
  if (expected === 'any') return true;
  if (status === null) return false;
  return typeof expected === 'number' ? status === expected : expected.includes(status);
}

/** The values of output that has one JSON value a line; lines that are not JSON objects are an error. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
