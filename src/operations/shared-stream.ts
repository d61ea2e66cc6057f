/** Bytes that are read once and given to several readers: a piece is asked for when all are done with the one before. */
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';

export interface SharedStream {
  /** The bytes for this reader, once. A piece is valid until the next one is asked for. */
  read(reader: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The reader asks for nothing more; the others do not wait for it. */
  leave(reader: number): void;
  /** Nobody asks for more. */
  isOver(): boolean;
  /** Ends the bytes unless they were read to their end, which also happens when the last reader leaves. */
  end(): Promise<void>;
}

interface Waiter {
  resolve(result: IteratorResult<Uint8Array, void>): void;
  reject(error: unknown): void;
}

/** @param readers those who are waited for until they leave */
export function shareStream(bytes: AsyncIterable<Uint8Array>, readers: ReadonlySet<number>): SharedStream {
  const expected = new Set(readers);
  const waiting = new Map<number, Waiter>();
  let pieces: AsyncIterator<Uint8Array> | undefined;
  let reading: Promise<void> | undefined;
  let ending: Promise<void> | undefined;
  let over = false;

  function advance(): void {
    if (reading || waiting.size === 0 || waiting.size < expected.size) return;
    reading = nextPiece().finally(() => {
      reading = undefined;
      // whoever was quick has asked again by now
      advance();
    });
  }

  async function nextPiece(): Promise<void> {
    const told = [...waiting];
    try {
      pieces ??= bytes[Symbol.asyncIterator]();
      const result = (await pieces.next()) as IteratorResult<Uint8Array, void>;
      if (result.done) over = true;
      tell(told, (waiter) => waiter.resolve(result));
    } catch (error) {
      over = true;
      tell(told, (waiter) => waiter.reject(error));
    }
  }

  function next(reader: number): Promise<IteratorResult<Uint8Array, void>> {
    return new Promise((resolve, reject) => {
      waiting.set(reader, { resolve, reject });
      advance();
    });
  }

  /** Those who still wait: who has left meanwhile was told so. */
  function tell(told: readonly (readonly [number, Waiter])[], say: (waiter: Waiter) => void): void {
    for (const [reader, waiter] of told) {
      if (waiting.get(reader) !== waiter) continue;
      waiting.delete(reader);
      say(waiter);
    }
  }

  function leave(reader: number): void {
    expected.delete(reader);
    waiting.get(reader)?.reject(new HoldfastError('interrupted', 'interrupted'));
    waiting.delete(reader);
    if (expected.size > 0) advance();
    else void end();
  }

  function end(): Promise<void> {
    ending ??= (async () => {
      await reading;
      if (!over) await pieces?.return?.();
    })();
    // told to those who ask
    ending.catch(() => {});
    return ending;
  }

  return {
    read: (reader, signal) => ({
      [Symbol.asyncIterator]: () => ({
        async next() {
          try {
            throwIfAborted(signal);
            if (!expected.has(reader)) return { done: true, value: undefined };
            const result = await next(reader);
            if (result.done) leave(reader);
            return result;
          } catch (error) {
            leave(reader);
            throw error;
          }
        },
        // no generator, whose end is not noticed unless it was begun
        async return() {
          leave(reader);
          return { done: true, value: undefined };
        },
      }),
    }),
    leave,
    isOver: () => expected.size === 0,
    end,
  };
}
