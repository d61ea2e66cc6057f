/** How the kernel deals out processors to this process. */
import { readdirSync } from 'node:fs';
import { bindNative } from './symbols.ts';

interface Calls {
  readonly policyOf: (thread: number) => number;
  readonly setPolicy: (thread: number, policy: number, priority: Int32Array) => number;
}

// Linux's numbers.
const [usual, batch] = [0, 3];

let isBatch = false;

/**
 * Takes turns from now on, with all threads and the programs that they start: what wakes up waits until another has had
 * its turn (SCHED_BATCH). A program that writes into a pipe, the thread that reads it and the server that both wait for
 * would else interrupt one another at every few kilobytes. Whoever chose a policy for this process keeps it.
 */
export function workAsBatch(): void {
  if (isBatch || process.platform !== 'linux') return;
  isBatch = true;
  const calls = bindNative<Calls>('libc', (bind) => ({
    policyOf: bind('int sched_getscheduler(int thread)'),
    setPolicy: bind('int sched_setscheduler(int thread, int policy, const int *priority)'),
  }));
  if (calls?.policyOf(0) !== usual) return;
  // a thread that has ended since, or a system that refuses, is as it was
  for (const thread of threads()) calls.setPolicy(thread, batch, new Int32Array([0]));
}

/** The numbers of all threads; without /proc this one alone, and those that it starts. */
function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [0];
  }
}
