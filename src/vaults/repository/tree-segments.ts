/**
 * Trees that are read one after another lie close together in their packs: they are fetched by the segment, and a
 * segment serves many of them. Where that does not pay, the blob alone is read.
 */
import type { Storage } from '../../storage/storage.ts';

export interface SegmentReader {
  /** `length` bytes from `offset` of a file whose used part ends at `end`. The array may be shared. */
  read(name: string, offset: number, length: number, end: number): Promise<Uint8Array>;
  forget(): void;
}

const segmentSize = 1024 * 1024;
/** Segments kept. */
const keep = 24;
/** After so many segments it is judged whether they pay. */
const trial = 48;
/** Reads that a segment must serve on average. */
const worth = 6;

export function createSegmentReader(storage: Pick<Storage, 'read'>, signal: AbortSignal): SegmentReader {
  /** least recently used first */
  const segments = new Map<string, Promise<Uint8Array>>();
  let fetched = 0;
  let reads = 0;

  function segment(name: string, number: number, end: number): Promise<Uint8Array> {
    const id = `${name}:${number}`;
    let bytes = segments.get(id);
    if (bytes) {
      segments.delete(id);
    } else {
      fetched++;
      const offset = number * segmentSize;
      bytes = storage.read(name, { offset, length: Math.min(segmentSize, end - offset), keep: true, signal });
      bytes.catch(() => segments.delete(id));
      if (segments.size >= keep) segments.delete(segments.keys().next().value!);
    }
    segments.set(id, bytes);
    return bytes;
  }

  return {
    async read(name, offset, length, end) {
      const pays = fetched < trial || reads >= worth * fetched;
      const first = Math.floor(offset / segmentSize);
      const last = Math.floor((offset + length - 1) / segmentSize);
      if (!pays || length === 0 || last - first > 1 || end < offset + length) {
        return storage.read(name, { offset, length, keep: true, signal });
      }
      reads++;
      const start = offset - first * segmentSize;
      if (first === last) return (await segment(name, first, end)).subarray(start, start + length);
      const [head, tail] = await Promise.all([segment(name, first, end), segment(name, last, end)]);
      return Buffer.concat([head.subarray(start), tail.subarray(0, offset + length - last * segmentSize)]);
    },
    forget: () => segments.clear(),
  };
}
