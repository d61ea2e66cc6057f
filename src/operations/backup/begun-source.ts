/** A source that begins to read while the repository is still being opened: both take their time. */
import type { Entry } from '../../sources/entry.ts';
import type { PreviousFile, Source } from '../../sources/source.ts';

export interface BegunSource extends AsyncDisposable {
  /** The source, whose entries go on from where it has come; they can be asked for once. */
  readonly source: Omit<Source, 'entries'> & { entries(): AsyncIterable<Entry> };
}

/** A dump holds a transaction open: when nobody can take it for so long, it is ended and made anew. Milliseconds. */
const patienceMs = 5000;

interface Attempt {
  readonly entries: AsyncIterator<Entry>;
  readonly first: Promise<IteratorResult<Entry>>;
  readonly ended: AbortController;
}

export function beginSource(
  source: Source,
  previous: PreviousFile,
  signal: AbortSignal,
  patience = patienceMs,
): BegunSource {
  let begun: Attempt | undefined = source.startsEarly ? begin() : undefined;
  const timer = setTimeout(() => void abandon(), patience);

  function begin(): Attempt {
    const ended = new AbortController();
    const all = source.entries(AbortSignal.any([signal, ended.signal]), previous);
    const entries = all[Symbol.asyncIterator]();
    const first = entries.next();
    // whoever asks for the entries is told
    first.catch(() => {});
    return { entries, first, ended };
  }

  async function abandon(): Promise<void> {
    const attempt = begun;
    begun = undefined;
    attempt?.ended.abort();
    await attempt?.first.catch(() => {});
    await attempt?.entries.return?.().catch(() => {});
  }

  async function* entries(): AsyncGenerator<Entry, void, void> {
    clearTimeout(timer);
    const { entries, first } = begun ?? begin();
    begun = undefined;
    let over = false;
    try {
      for (let next = await first; !next.done; next = await entries.next()) yield next.value;
      over = true;
    } finally {
      if (!over) await entries.return?.();
    }
  }

  return {
    source: { ...source, entries },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await abandon();
    },
  };
}
