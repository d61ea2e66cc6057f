/** A storage in this process's memory, for tests and for what need not last. */
import { copyOf } from '../kernel/bytes.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { concatenate, walkBody } from './body.ts';
import { assertObjectName, assertPrefix } from './names.ts';
import { resolveRange } from './range.ts';
import type { Body, ReadOptions, Storage, StoredObject, WriteOptions } from './storage.ts';

interface Kept {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly modified: number;
}

/** Pieces of a streamed read, small enough that tests see more than one. */
const streamPiece = 1 << 16;

/** `location` is what messages say, by default `memory:`. */
export function createMemoryStorage(options: { location?: string; clock?: Clock } = {}): Storage {
  const { location = 'memory:', clock = systemClock } = options;
  const objects = new Map<string, Kept>();

  function find(name: string): Kept {
    assertObjectName(name);
    const kept = objects.get(name);
    if (kept === undefined) throw new HoldfastError('not-found', `${name} does not exist in ${location}`);
    return kept;
  }

  function assertAbsent(name: string): void {
    if (objects.has(name)) throw new HoldfastError('exists', `${name} already exists in ${location}`);
  }

  async function read(name: string, range: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    throwIfAborted(range.signal);
    const { bytes } = find(name);
    const { offset, length } = resolveRange(name, bytes.length, range);
    return bytes.slice(offset, offset + length);
  }

  return {
    location,
    capabilities: { conditionalCreate: true, freeNames: true },

    async prepare(at = {}) {
      throwIfAborted(at.signal);
    },

    async *list(prefix, at = {}): AsyncGenerator<StoredObject> {
      assertPrefix(prefix);
      throwIfAborted(at.signal);
      for (const [name, { bytes, modified }] of [...objects]) {
        throwIfAborted(at.signal);
        if (name.startsWith(prefix)) yield { name, size: bytes.length, modified };
      }
    },

    async stat(name, at = {}) {
      throwIfAborted(at.signal);
      const { bytes, modified } = find(name);
      return { name, size: bytes.length, modified };
    },

    read,

    async *stream(name, range = {}) {
      const bytes = await read(name, range);
      for (let at = 0; at < bytes.length; at += streamPiece) {
        throwIfAborted(range.signal);
        yield bytes.slice(at, at + streamPiece);
      }
    },

    async write(name: string, body: Body, how: WriteOptions = {}) {
      throwIfAborted(how.signal);
      assertObjectName(name);
      if (how.ifAbsent) assertAbsent(name);
      const pieces: Uint8Array[] = [];
      for await (const piece of walkBody(body)) {
        throwIfAborted(how.signal);
        pieces.push(copyOf(piece));
      }
      if (how.ifAbsent) assertAbsent(name);
      objects.set(name, { bytes: concatenate(pieces), modified: clock.now() });
    },

    async remove(name, at = {}) {
      throwIfAborted(at.signal);
      assertObjectName(name);
      objects.delete(name);
    },

    async close() {},
  };
}
