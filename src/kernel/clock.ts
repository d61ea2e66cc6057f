/** Time is injected, so that tests never sleep and faults can be played back. */
export interface Clock {
  /** milliseconds since 1970-01-01 UTC */
  now(): number;
  /** resolves after `ms`; rejects with the code `interrupted` when `signal` aborts first */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from './errors.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw new HoldfastError('interrupted', 'interrupted', { cause: error });
    }
  },
};
