/** The end of a command: what is still to be tidied must not wait for ever for a server that is gone. */
import { HoldfastError } from './errors.ts';

/** Milliseconds. */
const patience = 10_000;

/** `work` is told when it has taken too long, and heeds that. Code `unreachable` then, else what `work` throws. */
export async function beforeParting(work: (late: AbortSignal) => Promise<void>): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patience);
  try {
    await work(late.signal);
  } catch (error) {
    if (!late.signal.aborted) throw error;
    throw new HoldfastError('unreachable', 'the storage does not answer', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
