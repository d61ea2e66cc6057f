/** How far a backup is, from the counters that the workers keep in shared memory. */
import { counterNames, type CounterName, currentSlot, type SharedState } from './protocol.ts';

export type Counters = Record<CounterName, number>;

export interface BackupProgress extends Counters {
  readonly errors: number;
  /** paths in the snapshot */
  readonly currentFiles: readonly string[];
}

/** Sums over all workers. */
export function readCounters(shared: SharedState): Counters {
  const values = new Float64Array(shared.counters);
  const sums = Object.fromEntries(counterNames.map((name) => [name, 0])) as Counters;
  values.forEach((value, i) => {
    sums[counterNames[i % counterNames.length]!] += value;
  });
  return sums;
}

/** What the workers are reading; a path may be torn when one moves on at this moment. */
export function readCurrentFiles(shared: SharedState): string[] {
  const files: string[] = [];
  for (let at = 0; at < shared.current.byteLength; at += currentSlot) {
    const length = Math.min(new Uint32Array(shared.current, at, 1)[0]!, currentSlot - 4);
    if (length > 0) files.push(Buffer.from(new Uint8Array(shared.current, at + 4, length)).toString());
  }
  return files;
}
