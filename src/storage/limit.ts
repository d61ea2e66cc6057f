/** Bandwidth and concurrency limits: a token bucket that transfers share, and a wrapper for storages without their own pacing. */
import { throwIfAborted } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import { allocate, walkBody } from './body.ts';
import { resolveRange } from './range.ts';
import type { Body, ReadOptions, Storage } from './storage.ts';

/** A rate that all transfers in one direction share. */
export interface Bandwidth {
  /** what one take should ask for at most, bytes */
  readonly slice: number;
  /** Resolves when `bytes` may pass; callers are served in the order of their calls. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
}

export interface Limits {
  readonly upload?: Bandwidth | undefined;
  readonly download?: Bandwidth | undefined;
  /** calls of read, write, stat and remove at the same time */
  readonly operations?: number | undefined;
}

/** How much may pass at once after a pause, milliseconds of the rate. */
const burst = 100;

export function createBandwidth(bytesPerSecond: number, clock: Clock): Bandwidth {
  let free = Number.NEGATIVE_INFINITY;
  return {
    slice: Math.min(Math.max(Math.floor(bytesPerSecond / 16), 1024), 256 << 10),
    async take(bytes, signal) {
      throwIfAborted(signal);
      const now = clock.now();
      const begin = Math.max(free, now - burst);
      free = begin + (bytes * 1000) / bytesPerSecond;
      if (free > now) await clock.sleep(free - now, signal);
    },
  };
}

/** The pieces of a body cut small and handed out in the bandwidth's pace. */
export async function* paceBody(
  body: Body,
  bandwidth: Bandwidth,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const piece of walkBody(body)) {
    for (let at = 0; at < piece.length; at += bandwidth.slice) {
      const slice = piece.subarray(at, at + bandwidth.slice);
      await bandwidth.take(slice.length, signal);
      yield slice;
    }
  }
}

/** At most `count` pieces of work at the same time, in the order of the calls. */
export function createGate(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running < count) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Who waits takes this place over.
      if (next === undefined) running--;
      else next();
    }
  };
}

/** Listings and streams pass the gate freely: their callers do other work between two pieces. */
export function withLimits(storage: Storage, limits: Limits): Storage {
  const { upload, download } = limits;
  const gate = limits.operations === undefined ? undefined : createGate(limits.operations);
  const gated = <T>(work: () => Promise<T>): Promise<T> => (gate === undefined ? work() : gate(work));

  async function pacedRead(
    name: string,
    range: ReadOptions,
    pace: Bandwidth,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { size } = await storage.stat(name, range);
    const { offset, length } = resolveRange(name, size, range);
    const bytes = allocate(length);
    for (let at = 0; at < length; at += pace.slice) {
      const part = Math.min(pace.slice, length - at);
      await pace.take(part, range.signal);
      bytes.set(await storage.read(name, { ...range, offset: offset + at, length: part }), at);
    }
    return bytes;
  }

  return {
    location: storage.location,
    capabilities: storage.capabilities,
    prepare: (options) => storage.prepare(options),
    list: (prefix, options) => storage.list(prefix, options),
    stat: (name, options) => gated(() => storage.stat(name, options)),
    read: (name, options = {}) =>
      gated(() =>
        download === undefined ? storage.read(name, options) : pacedRead(name, options, download),
      ),
    async *stream(name, options = {}) {
      for await (const piece of storage.stream(name, options)) {
        await download?.take(piece.length, options.signal);
        yield piece;
      }
    },
    write: (name, body, options = {}) =>
      gated(() =>
        storage.write(name, upload === undefined ? body : paceBody(body, upload, options.signal), options),
      ),
    remove: (name, options) => gated(() => storage.remove(name, options)),
    leftovers: storage.leftovers,
    removeEmptyFolder: storage.removeEmptyFolder,
    link: storage.link,
    mayRemove: storage.mayRemove,
    keepVersions: storage.keepVersions,
    listVersions: storage.listVersions,
    close: () => storage.close(),
  };
}
