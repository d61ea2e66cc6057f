/** What every operation is handed: cancellation, time, and where warnings go. */
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';

export interface Context {
  /** aborts the operation; it then throws the code `interrupted` after leaving everything valid */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** something went wrong that does not end the operation; one sentence, told to the user at once */
  warn(message: string): void;
}

/** A context for library users and tests: never aborted, the system's clock, warnings dropped unless given. */
export function createContext(parts: Partial<Context> = {}): Context {
  return {
    signal: parts.signal ?? new AbortController().signal,
    clock: parts.clock ?? systemClock,
    warn: parts.warn ?? (() => {}),
  };
}

/** The same context with another signal. */
export function withSignal(context: Context, signal: AbortSignal): Context {
  return { signal, clock: context.clock, warn: (message) => context.warn(message) };
}
