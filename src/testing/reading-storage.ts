/** A storage that remembers what was read from it, for tests of who reads what how often. */
import type { Storage } from '../storage/storage.ts';

export interface RecordedRead {
  readonly name: string;
  readonly offset: number;
  /** undefined: to the end */
  readonly length: number | undefined;
}

export interface ReadingStorage extends Storage {
  readonly reads: RecordedRead[];
  /** Called before each read; may throw. */
  onRead: (read: RecordedRead) => void;
}

export function recordReads(storage: Storage): ReadingStorage {
  const recorded: ReadingStorage = {
    ...storage,
    reads: [],
    onRead: () => {},
    read(name, options = {}) {
      const read = { name, offset: options.offset ?? 0, length: options.length };
      recorded.reads.push(read);
      recorded.onRead(read);
      return storage.read(name, options);
    },
  };
  return recorded;
}
