/** One source read once for several vaults: each gets every entry, the slowest sets the pace, and one that fails stops no other. */
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import type { Entry, EntryContent, RowTally } from '../sources/entry.ts';
import type { PreviousFile, Source } from '../sources/source.ts';
import { type SharedStream, shareStream } from './shared-stream.ts';

/** Takes all of a source, and then has its result. */
export type Consumer<T> = (source: Source) => Promise<T>;

/**
 * Reads a source once and gives it to all consumers at once; how each ended, in their order. The source is begun when
 * all have asked for its entries or are over. A consumer must take the entries in their order, and with a source that
 * lets several be read at once it must read each one or end its bytes. When the source fails, all fail with its error;
 * when all consumers are over, the source is stopped.
 */
export async function readForAll<T>(
  source: Source,
  consumers: readonly Consumer<T>[],
): Promise<readonly PromiseSettledResult<T>[]> {
  const [only] = consumers;
  if (consumers.length === 1) return Promise.allSettled([only!(source)]);
  const hub = createHub(source, consumers.length);
  try {
    return await Promise.allSettled(
      consumers.map(async (consumer, i) => {
        try {
          return await consumer(hub.sourceFor(i));
        } finally {
          hub.detach(i);
        }
      }),
    );
  } finally {
    await hub.stop();
  }
}

/** An entry of the source, and where each consumer's bytes of it come from. */
interface SharedEntry {
  readonly entry: Entry;
  readonly stream: SharedStream | undefined;
  tally: RowTally | undefined;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

interface Hub {
  sourceFor(consumer: number): Source;
  /** What the consumer waits for is over; the others go on. Idempotent. */
  detach(consumer: number): void;
  stop(): Promise<void>;
}

function createHub(source: Source, count: number): Hub {
  const ended = new AbortController();
  const concurrency = source.concurrency ?? 1;
  const attached = new Set(Array.from({ length: count }, (_, i) => i));
  const previous = new Map<number, PreviousFile | undefined>();
  /** entries that a consumer has yet to ask for; the first of them is number `dropped` */
  const kept: SharedEntry[] = [];
  let dropped = 0;
  /** those that are being read, or are yet to be */
  const streams = new Set<SharedStream>();
  /** the number of the entry that each asks for next */
  const places = Array.from({ length: count }, () => 0);
  const waiting = new Map<number, Waiter>();
  let entries: AsyncIterator<Entry> | undefined;
  let fetching = false;
  let over = false;
  let failure: { readonly error: unknown } | undefined;

  function detach(consumer: number): void {
    if (!attached.delete(consumer)) return;
    waiting.get(consumer)?.reject(new HoldfastError('interrupted', 'interrupted'));
    waiting.delete(consumer);
    for (const stream of streams) stream.leave(consumer);
    forget();
    if (attached.size === 0) ended.abort();
    else advance();
  }

  /** Lets go of entries that everybody has. */
  function forget(): void {
    const lowest = Math.min(...[...attached].map((consumer) => places[consumer]!));
    while (kept.length > 0 && dropped < lowest) {
      kept.shift();
      dropped++;
    }
  }

  /** Asks the source for its next entry, when the time for it has come. */
  function advance(): void {
    const begun = [...attached].every((consumer) => previous.has(consumer));
    const known = dropped + kept.length;
    const asking = [...waiting.keys()].filter((consumer) => places[consumer]! >= known);
    // one at a time: everybody is done with the entry before
    const ready = concurrency > 1 ? asking.length > 0 : asking.length === attached.size;
    if (fetching || over || !begun || !ready) return;
    fetching = true;
    void fetch().finally(() => {
      fetching = false;
      for (const waiter of waiting.values()) waiter.resolve();
      waiting.clear();
    });
  }

  async function fetch(): Promise<void> {
    try {
      for (const stream of streams) {
        if (concurrency > 1 && !stream.isOver()) continue;
        await stream.end();
        streams.delete(stream);
      }
      entries ??= source.entries(ended.signal, previousOf([...previous.values()]))[Symbol.asyncIterator]();
      const next = await entries.next();
      if (next.done) {
        over = true;
        return;
      }
      const entry = next.value;
      const { content } = entry;
      const stream = content.kind === 'file' ? undefined : shareStream(content.bytes, attached);
      if (stream) streams.add(stream);
      kept.push({ entry, stream, tally: undefined });
    } catch (error) {
      failure = { error };
      over = true;
    }
  }

  async function nextFor(consumer: number, signal: AbortSignal): Promise<Entry | undefined> {
    // whoever asks for the next one wants no more of those before
    if (concurrency === 1) for (const stream of streams) stream.leave(consumer);
    for (;;) {
      throwIfAborted(signal);
      const found = kept[places[consumer]! - dropped];
      if (found) {
        places[consumer]!++;
        forget();
        return entryFor(found, consumer, signal);
      }
      if (failure) throw failure.error;
      if (over) return undefined;
      await new Promise<void>((resolve, reject) => {
        waiting.set(consumer, { resolve, reject });
        advance();
      });
    }
  }

  function entryFor(shared: SharedEntry, consumer: number, signal: AbortSignal): Entry {
    const { entry, stream } = shared;
    if (!stream) return entry;
    const bytes = stream.read(consumer, signal);
    return { ...entry, content: { ...entry.content, bytes, ...tallied(shared) } as EntryContent };
  }

  return {
    sourceFor: (consumer) => ({
      name: source.name,
      ...(source.concurrency !== undefined && { concurrency }),
      async *entries(signal, before) {
        if (previous.has(consumer)) {
          throw new HoldfastError('failed', `${source.name} can be read once, and not again`);
        }
        const abort = (): void => detach(consumer);
        signal.addEventListener('abort', abort, { once: true });
        let finished = false;
        try {
          previous.set(consumer, before);
          for (;;) {
            const entry = await nextFor(consumer, signal);
            if (!entry) break;
            yield entry;
          }
          finished = true;
        } finally {
          if (!finished) detach(consumer);
          signal.removeEventListener('abort', abort);
        }
      },
    }),
    detach,
    async stop() {
      ended.abort();
      for (const stream of streams) await stream.end().catch(() => {});
      await entries?.return?.().catch(() => {});
    },
  };
}

/** The source is told once what passed; all consumers must have seen the same. */
function tallied(shared: SharedEntry): { readonly done?: (tally: RowTally) => void } {
  const { content } = shared.entry;
  if (content.kind !== 'rows') return {};
  return {
    done(tally) {
      if (!shared.tally) {
        shared.tally = tally;
        content.done?.(tally);
      } else if (shared.tally.checksum !== tally.checksum || shared.tally.bytes !== tally.bytes) {
        throw new HoldfastError('corrupt', 'two vaults saw different bytes of one stream', {
          hint: "this machine's memory may be failing",
        });
      }
    },
  };
}

/** What any of the vaults has of the last snapshot. */
function previousOf(all: readonly (PreviousFile | undefined)[]): PreviousFile | undefined {
  const known = all.filter((previous) => previous !== undefined);
  if (known.length === 0) return undefined;
  return async (path) => {
    for (const previous of known) {
      const found = await previous(path);
      if (found) return found;
    }
    return undefined;
  };
}
