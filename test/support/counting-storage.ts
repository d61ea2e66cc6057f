/** A storage that counts the bytes that are read from it. */
import type { Storage } from '../../src/storage/storage.ts';

export interface CountingStorage extends Storage {
  bytesRead: number;
}

export function countReads(storage: Storage): CountingStorage {
  const counting: CountingStorage = {
    ...storage,
    bytesRead: 0,
    async read(name, how) {
      const read = await storage.read(name, how);
      counting.bytesRead += read.length;
      return read;
    },
    async *stream(name, how) {
      for await (const piece of storage.stream(name, how)) {
        counting.bytesRead += piece.length;
        yield piece;
      }
    },
  };
  return counting;
}
