/** Lets what makes values start to work before anybody asks for one. */

/** Values that can be read once; what makes them is told to end when this is disposed of. */
export type Begun<T> = AsyncIterable<T> & AsyncDisposable;

/** Asks for the first value at once. `make` is given a signal that aborts when `signal` does, or nobody wants the rest. */
export function beginNow<T>(
  make: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
  signal: AbortSignal,
): Begun<T> {
  const ended = new AbortController();
  const values = make(AbortSignal.any([signal, ended.signal]));
  const first = values.next();
  // whoever reads is told
  first.catch(() => {});
  async function* all(): AsyncGenerator<T, void, void> {
    const next = await first;
    if (next.done) return;
    yield next.value;
    yield* values;
  }
  return {
    [Symbol.asyncIterator]: all,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await values.return();
    },
  };
}
