/** Database files that a walk meets: each is stored as one consistent state, and what SQLite keeps beside it left out. */
import { readSync, statSync } from 'node:fs';
import { asBuffer } from '../../kernel/native/c-string.ts';
import type { ConsistentCopy } from './consistent-copy.ts';
import { isDatabaseHeader, readHeader } from './file-header.ts';

export interface SqliteFiles {
  /** True for the log, its index or the journal beside a database. */
  isCompanion(path: Uint8Array): boolean;
  /** True when a log beside the file has something to say, so that the file alone does not tell whether it changed. */
  hasLog(path: Uint8Array): boolean;
  /** A copy, to be disposed of, when the open file is a database. The codes of `copyDatabase`. */
  copyOf(fd: number, path: Uint8Array): Promise<ConsistentCopy | undefined>;
}

const companion = /-(?:wal|shm|journal)$/;

/** Copies go to a folder that others clean up. */
export function createSqliteFiles(folder: string): SqliteFiles {
  const start = Buffer.alloc(16);
  return {
    isCompanion(path) {
      const name = asBuffer(path).toString('latin1');
      const [ending] = companion.exec(name) ?? [];
      if (ending === undefined) return false;
      try {
        return readHeader(path.subarray(0, path.length - ending.length)) !== undefined;
      } catch {
        return false;
      }
    },
    hasLog(path) {
      try {
        const log = Buffer.concat([path, Buffer.from('-wal')]);
        return (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0;
      } catch {
        return false;
      }
    },
    async copyOf(fd, path) {
      if (readSync(fd, start, 0, start.length, 0) < start.length || !isDatabaseHeader(start)) {
        return undefined;
      }
      const { copyDatabase } = await import('./consistent-copy.ts');
      // a thread that is ended leaves its copy to the folder's owner
      return copyDatabase(asBuffer(path).toString(), folder, new AbortController().signal);
    },
  };
}
