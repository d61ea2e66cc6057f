/** One file's way into blobs: bytes are read into the chunker's window, cut there, and put where they lie. */
import { readSync } from 'node:fs';
import { minChunkSize, type Chunker } from '../../vaults/repository/chunker/chunker.ts';
import type { Packer } from '../../vaults/repository/worker/packer.ts';
import { openStage, type Profile } from '../../vaults/repository/worker/profile.ts';

/** Bytes of one read: they are still in the processor's cache when they are hashed and compressed. */
export const readSize = 1024 * 1024;

/** Growable run of 32-byte ids. */
export interface BlobIds {
  bytes: Uint8Array;
  count: number;
}

export function createBlobIds(): BlobIds {
  return { bytes: new Uint8Array(32 * 64), count: 0 };
}

function roomForOne(ids: BlobIds): void {
  if (ids.bytes.length >= (ids.count + 1) * 32) return;
  const grown = new Uint8Array(ids.bytes.length * 2);
  grown.set(ids.bytes);
  ids.bytes = grown;
}

export interface Cutter {
  /** Where the next bytes of the stream are to be written, and how many fit. */
  room(): { at: number; length: number };
  /** Says that `count` bytes were written there, and cuts what can be cut. */
  advance(count: number, last: boolean): void;
}

/** Cuts one stream of bytes into blobs and appends their ids to `ids`. */
export function createCutter(
  chunker: Chunker,
  packer: Packer,
  ids: BlobIds,
  profile: Profile | undefined,
): Cutter {
  const { buffer } = chunker;
  let start = 0;
  let end = 0;
  chunker.reset();
  return {
    room() {
      if (buffer.length - end < readSize) {
        buffer.copyWithin(0, start, end);
        end -= start;
        start = 0;
      }
      return { at: end, length: Math.min(readSize, buffer.length - end) };
    },
    advance(count, last) {
      end += count;
      while (start < end) {
        const done = openStage(profile, 'chunk');
        const cut = chunker.next(start, end, last);
        done();
        if (cut < 0) return;
        roomForOne(ids);
        packer.put('data', buffer.subarray(start, cut), ids.bytes, ids.count * 32);
        ids.count++;
        start = cut;
      }
    },
  };
}

/**
 * Stores the content of an open file.
 * @param expected size that the file was listed with, bytes
 * @param pause awaited between chunks when it returns a promise: packs may be waiting to be written
 * @returns bytes that were read
 */
export async function storeFile(
  fd: number,
  expected: number,
  chunker: Chunker,
  packer: Packer,
  ids: BlobIds,
  profile: Profile | undefined,
  pause: () => Promise<void> | undefined,
  seen: (bytes: number) => void,
): Promise<number> {
  const { buffer } = chunker;
  if (expected < minChunkSize) {
    const done = openStage(profile, 'read');
    const length = readSync(fd, buffer, 0, expected + 1, null);
    done();
    seen(length);
    // A regular file answers a short read at its end alone.
    if (length <= expected) {
      if (length > 0) {
        roomForOne(ids);
        packer.put('data', buffer.subarray(0, length), ids.bytes, ids.count * 32);
        ids.count++;
      }
      return length;
    }
    const cutter = createCutter(chunker, packer, ids, profile);
    cutter.advance(length, false);
    return length + (await storeRest(fd, cutter, buffer, profile, pause, seen));
  }
  return storeRest(fd, createCutter(chunker, packer, ids, profile), buffer, profile, pause, seen);
}

async function storeRest(
  fd: number,
  cutter: Cutter,
  buffer: Uint8Array,
  profile: Profile | undefined,
  pause: () => Promise<void> | undefined,
  seen: (bytes: number) => void,
): Promise<number> {
  let total = 0;
  for (;;) {
    const { at, length } = cutter.room();
    const done = openStage(profile, 'read');
    const count = readSync(fd, buffer, at, length, null);
    done();
    total += count;
    seen(count);
    cutter.advance(count, count === 0);
    if (count === 0) return total;
    const waiting = pause();
    if (waiting) await waiting;
  }
}
