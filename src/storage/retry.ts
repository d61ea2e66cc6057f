/** Tries again what failed in passing: waits longer each time, by chance a little more or less, and gives up in the end. */
import { HoldfastError, hasCode, throwIfAborted } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import { concatenate, piecesOf } from './body.ts';
import type { Body, ReadOptions, Storage, WriteOptions } from './storage.ts';

export interface RetryOptions {
  readonly clock: Clock;
  /** from 0 to 1, like Math.random */
  readonly random: () => number;
  /** called before each wait, milliseconds */
  readonly onRetry?: (error: HoldfastError, wait: number) => void;
  /** milliseconds from the first failure of a call until it is given up, default 15 minutes */
  readonly patience?: number;
  /** the same for as long as nothing at all has worked, when a wrong address is likelier than a passing fault; default 10 seconds */
  readonly firstPatience?: number;
}

/** Runs `work`, and again while it throws errors that are marked as passing. */
export type Attempt = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

const shortestWait = 500;
const longestWait = 60_000;

/** All calls through one attempt share the knowledge of whether anything has worked yet. */
export function createAttempt(options: RetryOptions): Attempt {
  const { clock, random, patience = 15 * 60_000, firstPatience = 10_000 } = options;
  let worked = false;
  /** the one call that tells of its waits while nothing has worked yet: the others say the same */
  let teller: object | undefined;

  return async (work, signal) => {
    const self = {};
    const began = clock.now();
    for (let tries = 1; ; tries++) {
      throwIfAborted(signal);
      try {
        const result = await work();
        worked = true;
        return result;
      } catch (error) {
        if (!(error instanceof HoldfastError) || !error.retryable) {
          // A refusal is an answer, too: the server is there.
          if (error instanceof HoldfastError && error.code !== 'unreachable') worked = true;
          throw error;
        }
        const wait = Math.min(shortestWait * 2 ** (tries - 1), longestWait) * (0.5 + random());
        const elapsed = clock.now() + wait - began;
        if (elapsed > (worked ? patience : firstPatience)) throw givenUp(error, tries);
        teller ??= self;
        if (worked || teller === self) options.onRetry?.(error, wait);
        await clock.sleep(wait, signal);
      }
    }
  };
}

function givenUp(error: HoldfastError, tries: number): HoldfastError {
  return new HoldfastError(
    error.code,
    tries === 1 ? error.message : `${error.message} (tried ${tries} times)`,
    {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    },
  );
}

/**
 * `storage` with every call tried again through `attempt`. A stream goes on where it was cut. What cannot be repeated is
 * not: a write whose body is a stream, and a listing of which a part has been handed out already.
 */
export function withRetry(storage: Storage, attempt: Attempt): Storage {
  async function write(name: string, body: Body, options: WriteOptions = {}): Promise<void> {
    const pieces = piecesOf(body);
    if (pieces === undefined) return storage.write(name, body, options);
    let tries = 0;
    return attempt(async () => {
      tries++;
      try {
        await storage.write(name, pieces, options);
      } catch (error) {
        // The try before may have done it, and only its answer was lost.
        if (tries > 1 && hasCode(error, 'exists') && (await holds(storage, name, pieces, options.signal)))
          return;
        throw error;
      }
    }, options.signal);
  }

  async function* stream(name: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { offset = 0, length } = options;
    let done = 0;
    let pieces: AsyncIterator<Uint8Array<ArrayBuffer>> | undefined;
    const nextPiece = async (): Promise<IteratorResult<Uint8Array<ArrayBuffer>>> => {
      const rest = length === undefined ? {} : { length: length - done };
      const opened = (): AsyncIterable<Uint8Array<ArrayBuffer>> =>
        storage.stream(name, { ...options, offset: offset + done, ...rest });
      pieces ??= opened()[Symbol.asyncIterator]();
      try {
        return await pieces.next();
      } catch (error) {
        pieces = undefined;
        throw error;
      }
    };
    try {
      for (;;) {
        const { done: end, value } = await attempt(nextPiece, options.signal);
        if (end) return;
        done += value.length;
        yield value;
      }
    } finally {
      await pieces?.return?.();
    }
  }

  async function* list<T>(
    begin: () => AsyncIterable<T>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T, void, void> {
    let objects = begin()[Symbol.asyncIterator]();
    let first = true;
    try {
      let next = await attempt(async () => {
        if (!first) objects = begin()[Symbol.asyncIterator]();
        first = false;
        return objects.next();
      }, signal);
      while (!next.done) {
        yield next.value;
        next = await objects.next();
      }
    } finally {
      await objects.return?.();
    }
  }

  return {
    location: storage.location,
    capabilities: storage.capabilities,
    prepare: (options = {}) => attempt(() => storage.prepare(options), options.signal),
    list: (prefix, options = {}) => list(() => storage.list(prefix, options), options.signal),
    stat: (name, options = {}) => attempt(() => storage.stat(name, options), options.signal),
    read: (name, options = {}) => attempt(() => storage.read(name, options), options.signal),
    stream,
    write,
    remove: (name, options = {}) => attempt(() => storage.remove(name, options), options.signal),
    leftovers: storage.leftovers,
    removeEmptyFolder: storage.removeEmptyFolder,
    link: storage.link,
    mayRemove:
      storage.mayRemove && ((options = {}) => attempt(() => storage.mayRemove!(options), options.signal)),
    keepVersions:
      storage.keepVersions &&
      ((wish, options = {}) => attempt(() => storage.keepVersions!(wish, options), options.signal)),
    listVersions:
      storage.listVersions &&
      ((prefix, options = {}) => list(() => storage.listVersions!(prefix, options), options.signal)),
    close: () => storage.close(),
  };
}

/** Bodies larger than this are not compared. */
const comparable = 64 << 20;

async function holds(
  storage: Storage,
  name: string,
  pieces: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const how = signal === undefined ? {} : { signal };
  const expected = concatenate(pieces);
  const { size } = await storage.stat(name, how);
  if (size !== expected.length || size > comparable) return false;
  return Buffer.from(expected.buffer).equals(await storage.read(name, how));
}
