/** Reads ranges of objects from servers that know HTTP's header Range, and from those that do not. */
import { throwIfAborted } from '../../kernel/errors.ts';
import { allocate } from '../body.ts';
import { assertObjectName } from '../names.ts';
import { truncatedError } from '../range.ts';
import type { ReadOptions, Storage, StoredObject } from '../storage.ts';
import type { HttpResponse } from './send.ts';

export interface RangedGet {
  /** value of the header Range */
  readonly range: string | undefined;
  readonly memory: ArrayBuffer | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface RangedObjects {
  /** Status 416 is an answer, every other refusal throws. */
  get(name: string, how: RangedGet): Promise<HttpResponse>;
  stat(name: string, options?: { signal?: AbortSignal }): Promise<StoredObject>;
}

const streamPiece = 8 << 20;

/** What a storage with free names reads. */
export function readsOf(objects: RangedObjects): Pick<Storage, 'read' | 'stream'> {
  return {
    async read(name, range) {
      assertObjectName(name);
      return readRange(objects, name, range);
    },
    async *stream(name, range) {
      assertObjectName(name);
      yield* streamRange(objects, name, range);
    },
  };
}

/** The bytes of a range, as the storage interface wants them. */
export async function readRange(
  objects: RangedObjects,
  name: string,
  range: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  throwIfAborted(range.signal);
  const { offset = 0, length } = range;
  const bytes = length === 0 ? undefined : await request(objects, name, range);
  if (bytes !== undefined && (length === undefined || bytes.length === length)) return bytes;
  const { size } = await objects.stat(name, range.signal === undefined ? {} : { signal: range.signal });
  if (bytes === undefined && offset <= size && (length ?? 0) === 0) return allocate(0);
  throw truncatedError(name, offset, length ?? 1, size);
}

/** Fewer bytes when the object ends before the range does; undefined when it begins beyond the object's end. */
async function request(
  objects: RangedObjects,
  name: string,
  { offset = 0, length, memory, signal }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const whole = length === undefined && offset === 0;
  const end = length === undefined ? undefined : offset + length;
  const wanted = whole ? undefined : `bytes=${offset}-${end === undefined ? '' : end - 1}`;
  const response = await objects.get(name, { range: wanted, memory, signal });
  if (response.status === 416) return undefined;
  if (whole || response.status !== 200) return response.body;
  // A server that does not know ranges sends everything.
  return offset > response.body.length ? undefined : response.body.slice(offset, end);
}

/** The same piece by piece; the next piece is on its way while the caller works on this one, in one memory each for `reuse`. */
export async function* streamRange(
  objects: RangedObjects,
  name: string,
  range: ReadOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { offset = 0, reuse, signal } = range;
  const found = await objects.stat(name, signal === undefined ? {} : { signal });
  const end = range.length === undefined ? found.size : offset + range.length;
  if (end > found.size || offset > found.size) throw truncatedError(name, offset, end - offset, found.size);
  let spare: ArrayBuffer | undefined;
  const fetchPiece = (at: number): Promise<Uint8Array<ArrayBuffer>> => {
    const wanted = { offset: at, length: Math.min(streamPiece, end - at), memory: spare };
    const piece = readRange(objects, name, { ...range, ...wanted });
    // Nobody may be there any more to hear that the piece ahead has failed.
    piece.catch(() => {});
    return piece;
  };
  let next = offset < end ? fetchPiece(offset) : undefined;
  for (let at = offset; next !== undefined;) {
    const piece: Uint8Array<ArrayBuffer> = await next;
    at += piece.length;
    next = at < end ? fetchPiece(at) : undefined;
    yield piece;
    if (reuse) spare = piece.buffer;
  }
}
