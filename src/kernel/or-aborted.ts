/** Giving up on what does not heed a signal: libraries whose promises stay open when their connection is cut. */
import { HoldfastError } from './errors.ts';

/** `work`, or the code `interrupted` as soon as `signal` aborts: what becomes of `work` then is nobody's concern. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void =>
    reject(new HoldfastError('interrupted', 'interrupted', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort);
  try {
    if (signal.aborted) onAbort();
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The same for each value of `values`, whose end is not waited for either. */
export async function* eachOrAborted<T>(
  values: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  const iterator = values[Symbol.asyncIterator]();
  let over = false;
  try {
    for (;;) {
      const { done, value } = await orAborted(iterator.next(), signal);
      if (done) return;
      yield value;
    }
  } catch (error) {
    over = true;
    throw error;
  } finally {
    if (!over && !signal?.aborted) await orAborted(Promise.resolve(iterator.return?.()), signal);
  }
}
