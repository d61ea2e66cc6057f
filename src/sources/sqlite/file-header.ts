/** The first bytes of a SQLite database's file: https://www.sqlite.org/fileformat.html#the_database_header */
import { closeSync, openSync, readSync } from 'node:fs';

export interface SqliteHeader {
  /** readers and writers go through a log beside the file */
  readonly writeAheadLog: boolean;
  /** version of the library that wrote last: `3.40.1` */
  readonly writtenBy: string;
}

const magic = Buffer.from('SQLite format 3\0');
const headerSize = 100;

/** Of the first 16 bytes of a file, or more. */
export function isDatabaseHeader(start: Uint8Array): boolean {
  return magic.equals(start.subarray(0, magic.length));
}

/** Undefined when the file is no database, or an empty one. Throws what the file system says. */
export function readHeader(path: string | Uint8Array): SqliteHeader | undefined {
  const header = Buffer.alloc(headerSize);
  const file = openSync(Buffer.from(path), 'r');
  try {
    if (readSync(file, header, 0, headerSize, 0) < headerSize) return undefined;
  } finally {
    closeSync(file);
  }
  if (!isDatabaseHeader(header)) return undefined;
  const version = header.readUInt32BE(96);
  const parts = [Math.floor(version / 1e6), Math.floor(version / 1000) % 1000, version % 1000];
  return { writeAheadLog: header[18] === 2, writtenBy: parts.join('.') };
}
