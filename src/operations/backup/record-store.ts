/** Stores streams of rows: cut here, where they arrive, and hashed, compressed and packed by all workers, a slab each. */
import { giveWay } from '../../kernel/native/scheduling.ts';
import {
  createRecordChunker,
  type RecordSlab,
  type RecordTally,
} from '../../vaults/repository/chunker/record-chunker.ts';
import type { Packer } from '../../vaults/repository/worker/packer.ts';

export interface RecordStream {
  readonly tally: RecordTally;
  /** the ids of all blocks, once the last of them is in a pack */
  readonly content: Promise<Uint8Array>;
  /** bytes of each block */
  readonly sizes: Uint32Array;
}

export interface RecordStore {
  /** Cuts a stream into blocks of about `blockSize` bytes; resolves when all of it has been read. */
  store(bytes: AsyncIterable<Uint8Array>, blockSize: number): Promise<RecordStream>;
}

/** Slabs that may be with one worker: the one it works at, and some more, for workers do not go at one pace. */
const slabsAhead = 4;
/** Slabs that one worker is through with before another has begun. */
const fewSlabs = 4;
/** Bytes: room for most slabs, so that any of this memory does for any of them. */
const usualSlab = 1024 * 1024;

/** Bytes after which a worker gives way to the program that the rows come from, which needs a processor often and briefly. */
const turnSize = 64 * 1024;

/** The workers that slabs go to. */
export interface Team {
  /** how many there may be */
  readonly most: number;
  /** how many there are */
  readonly present: number;
  /** Calls the others in. */
  enlist(): void;
}

/** @param send hands a slab to a worker, which answers with the ids of its blocks and is done with its memory */
export function createRecordStore(
  polynomial: bigint,
  team: Team,
  send: (worker: number, slab: RecordSlab) => Promise<Uint8Array>,
): RecordStore {
  /** shared and used again: memory that goes from thread to thread makes each of them collect garbage */
  const free: SharedArrayBuffer[] = [];
  /** one for each stream that is being read */
  const idle = [createRecordChunker(polynomial, takeMemory)];
  const busy = Array.from({ length: team.most }, () => 0);
  const mostUnderWay = team.most * slabsAhead;
  let given = 0;
  const underWay = new Set<Promise<unknown>>();

  function takeMemory(size: number): Uint8Array<SharedArrayBuffer> {
    // what was used last is in a cache
    const known = free.findLastIndex((memory) => memory.byteLength >= size);
    const memory = known < 0 ? new SharedArrayBuffer(Math.max(usualSlab, size)) : free.splice(known, 1)[0]!;
    return new Uint8Array(memory, 0, size);
  }

  /** Gives a slab to the worker with the least to do. */
  function give(slab: RecordSlab): Promise<Uint8Array> {
    if (given++ === fewSlabs) team.enlist();
    const present = busy.slice(0, team.present);
    const worker = present.indexOf(Math.min(...present));
    busy[worker]!++;
    const sent = send(worker, slab)
      .then((ids) => {
        if (free.length < mostUnderWay) free.push(slab.bytes.buffer);
        return ids;
      })
      .finally(() => {
        busy[worker]!--;
        underWay.delete(sent);
      });
    // whoever waits for the content is told; until then it must not count as unhandled
    sent.catch(() => {});
    underWay.add(sent);
    return sent;
  }

  return {
    async store(bytes, blockSize) {
      const parts: Promise<Uint8Array>[] = [];
      const sizes: Uint32Array[] = [];
      const take = (slab: RecordSlab): void => {
        // the ends go away with the slab
        sizes.push(slab.ends.map((end, i) => end - (slab.ends[i - 1] ?? 0)));
        parts.push(give(slab));
      };
      const chunker = idle.pop() ?? createRecordChunker(polynomial, takeMemory);
      chunker.start(blockSize);
      for await (const piece of bytes) {
        for (let at = 0; at < piece.length;) {
          const room = chunker.room();
          const count = Math.min(room.length, piece.length - at);
          room.set(at === 0 && count === piece.length ? piece : piece.subarray(at, at + count));
          at += count;
          const slab = chunker.advance(count);
          if (!slab) continue;
          take(slab);
          while (underWay.size >= mostUnderWay) await Promise.race(underWay);
        }
      }
      const last = chunker.end();
      if (last) take(last);
      const content = Promise.all(parts).then((ids) => new Uint8Array(Buffer.concat(ids)));
      content.catch(() => {});
      const tally = chunker.tally();
      idle.push(chunker);
      return { tally, content, sizes: joined(sizes) };
    },
  };
}

function joined(arrays: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}

/**
 * A worker's part: stores the blocks of a slab; their ids. Waits for what `pause` gives before it begins another pack,
 * whose memory is that of one that was stored.
 */
export async function storeSlab(
  packer: Packer,
  bytes: Uint8Array,
  ends: Uint32Array,
  pause: () => Promise<void> | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const ids = new Uint8Array(ends.length * 32);
  for (let i = 0, start = 0, turn = 0; i < ends.length; i++) {
    const end = ends[i]!;
    if (end - turn > turnSize) {
      giveWay();
      turn = start;
    }
    const isNew = packer.put('data', bytes.subarray(start, end), ids, i * 32, 'rows');
    const waiting = isNew ? pause() : undefined;
    if (waiting) await waiting;
    start = end;
  }
  return ids;
}
