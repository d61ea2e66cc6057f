/** A clock that tests turn: sleeping moves the time on at once, so that nothing waits. */
import { throwIfAborted } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';

export interface FakeClock extends Clock {
  /** every sleep so far, milliseconds */
  readonly sleeps: readonly number[];
  advance(milliseconds: number): void;
}

export function createFakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => time,
    advance(milliseconds) {
      time += milliseconds;
    },
    async sleep(milliseconds, signal) {
      throwIfAborted(signal);
      sleeps.push(milliseconds);
      time += milliseconds;
    },
  };
}
