/** The pages of a database's file that nobody writes to. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { HoldfastError } from '../../../kernel/errors.ts';
import { fromNodeError } from '../../../kernel/native/system-error.ts';
import { readUint16 } from './cell-layout.ts';

export interface StoredPages extends Disposable {
  readonly pageSize: number;
  /** bytes of a page that hold something */
  readonly usable: number;
  readonly count: number;
  /** Reads pages from `first` on until `target` is full, or as far as there are any; code `corrupt` when there are none. */
  read(first: number, target: Uint8Array): void;
  /** The error, code `corrupt`, that says what is wrong with the file. */
  damaged(what: string): HoldfastError;
}

/** Of a file that SQLite has opened before: its header is sound. */
export function openStoredPages(path: string): StoredPages {
  const named = Buffer.from(path);
  const failing = (what: string, error: unknown): unknown => fromNodeError(what, named, error);
  const damaged = (what: string): HoldfastError =>
    new HoldfastError('corrupt', `${path} is damaged: ${what}`, {
      hint: 'sqlite3 has .recover for what can be saved',
    });
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw failing('open', error);
  }
  const readAt = (target: Uint8Array, place: number): number => {
    let done = 0;
    try {
      while (done < target.length) {
        const count = readSync(file, target, done, target.length - done, place + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw failing('read', error);
    }
    return done;
  };
  const header = new Uint8Array(100);
  readAt(header, 0);
  const size = readUint16(header, 16);
  const pageSize = size === 1 ? 0x1_0000 : size;
  return {
    pageSize,
    usable: pageSize - header[20]!,
    count: Math.floor(fstatSync(file).size / pageSize),
    damaged,
    read(first, target) {
      const read = first > 0 ? readAt(target, (first - 1) * pageSize) : 0;
      if (read < Math.min(target.length, pageSize)) throw damaged(`it has no page ${first}`);
      // pages that are asked for later are looked at then
      target.fill(0, read);
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}
