/** Runs one command to its end and measures it from outside: wall clock, processor time, peak memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface Measurement {
  /** seconds of wall clock */
  readonly seconds: number;
  /** seconds of all processors, user and system */
  readonly cpuSeconds: number;
  /** MiB resident at the peak of the largest process (VmHWM) */
  readonly peakMiB: number;
  /** the end of what it said on standard error */
  readonly stderr: string;
}

const time = '/usr/bin/time';

/** Runs it and measures; throws with what it said when it fails. Standard output is dropped. */
export async function measure(command: Command): Promise<Measurement> {
  const figures = join(tmpdir(), `holdfast-bench-time-${process.pid}`);
  const begin = performance.now();
  const child = spawn(time, ['-f', '%U %S %M', '-o', figures, '--', ...command.argv], {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (piece: Buffer) => {
    stderr = (stderr + piece.toString()).slice(-16_000);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - begin) / 1000;
  if (status !== 0) throw new Error(`${command.argv.join(' ')}: status ${status}\n${stderr}`);
  const last = readFileSync(figures, 'utf8').trim().split('\n').at(-1) ?? '';
  const [user = 0, system = 0, kib = 0] = last.split(' ').map(Number);
  rmSync(figures);
  return { seconds, cpuSeconds: user + system, peakMiB: kib / 1024, stderr };
}

/** Runs what belongs to the preparation and is not measured. */
export async function perform(command: Command): Promise<void> {
  await measure(command);
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[middle - ((sorted.length + 1) % 2)], sorted[middle]];
  return (low + high) / 2;
}
