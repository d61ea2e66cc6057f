/** Several asynchronous steps at once with their number bounded: for reading many small files. */

/**
 * Calls `step` for every item with at most `limit` under way, and yields the results in the order of the items.
 * The first error ends it, after the steps under way have settled.
 */
export async function* mapParallel<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  step: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const running: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = step(item);
      // Looked at later, when its turn comes: until then nobody listens.
      result.catch(() => {});
      running.push(result);
      if (running.length >= limit) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    await Promise.allSettled(running);
  }
}

/**
 * Calls `step` for every item while the costs of those under way stay within `budget`; one item always goes. For work
 * that holds memory. The first error ends it, after the steps under way have settled.
 */
export async function forEachWithin<T>(
  items: Iterable<T>,
  costOf: (item: T) => number,
  budget: number,
  step: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let spent = 0;
  let failure: { error: unknown } | undefined;
  for (const item of items) {
    const cost = costOf(item);
    while (!failure && running.size > 0 && spent + cost > budget) await Promise.race(running);
    if (failure) break;
    spent += cost;
    const work: Promise<void> = step(item)
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => {
        spent -= cost;
        running.delete(work);
      });
    running.add(work);
  }
  await Promise.all(running);
  if (failure) throw failure.error;
}
