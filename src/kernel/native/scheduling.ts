/** How the kernel deals out processors to this process. */
import { readdirSync } from 'node:fs';
import { bindOnLinux } from './symbols.ts';

interface Calls {
  readonly policyOf: (thread: number) => number;
  readonly setPolicy: (thread: number, policy: number, priority: Int32Array) => number;
  readonly giveWay: () => number;
}

// Linux's numbers.
const [usual, batch] = [0, 3];

let isBatch = false;
const calls = bindOnLinux<Calls>((bind) => ({
  policyOf: bind('int sched_getscheduler(int thread)'),
  setPolicy: bind('int sched_setscheduler(int thread, int policy, const int *priority)'),
  giveWay: bind('int sched_yield()'),
}));

/**
 * Takes turns from now on, with all threads and the programs that they start: what wakes up waits until another has had
 * its turn (SCHED_BATCH). A program that writes into a pipe, the thread that reads it and the server that both wait for
 * would else interrupt one another at every few kilobytes. Whoever chose a policy for this process keeps it.
 */
export function workAsBatch(): void {
  if (isBatch) return;
  isBatch = true;
  if (calls?.policyOf(0) !== usual) return;
  // a thread that has ended since, or a system that refuses, is as it was
  for (const thread of threads()) calls.setPolicy(thread, batch, new Int32Array([0]));
}

/**
 * Lets another that waits for this processor have its turn now. Without it a thread that has much to do keeps those waiting
 * for milliseconds through which it gets its work.
 */
export function giveWay(): void {
  calls?.giveWay();
}

/** The numbers of all threads; without /proc this one alone, and those that it starts. */
function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [0];
  }
}
