/** A lock for threads that share memory. Held for microseconds; whoever waits sleeps in the kernel. */
import { HoldfastError } from '../../../kernel/errors.ts';

const free = 0;
const held = 1;
/** held, and somebody may be asleep */
const contended = 2;
/** A holder that was terminated never lets go: after this long the index is lost, and saying so beats hanging. */
const patienceMs = 60_000;

/** Waits for the lock in `words[at]`, which begins as 0. */
export function acquireLock(words: Int32Array, at: number): void {
  if (Atomics.compareExchange(words, at, free, held) === free) return;
  while (Atomics.exchange(words, at, contended) !== free) {
    if (Atomics.wait(words, at, contended, patienceMs) === 'timed-out') {
      throw new HoldfastError('failed', 'the index of blobs stayed locked by a thread that has ended');
    }
  }
}

export function releaseLock(words: Int32Array, at: number): void {
  if (Atomics.exchange(words, at, free) === contended) Atomics.notify(words, at, 1);
}
