/** Pages behind the last one of a database's file, which nobody has open. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { calling } from '../../../kernel/native/system-error.ts';
import { lockPage, readUint16, readUint32, writeUint32 } from './cell-layout.ts';

export interface NewPages extends Disposable {
  readonly pageSize: number;
  /** bytes of a page that may hold something */
  readonly usable: number;
  /** the number of the page that `add` makes next */
  readonly next: number;
  /** A new page, all zeros: memory that is to be filled before the next one is made. */
  add(): Uint8Array;
  /** Writes one that was there before. */
  replace(number: number, page: Uint8Array): void;
  /** Writes what is not written yet, and how many pages there are now. */
  finish(): void;
}

/** Written at once: more costs several times as much on ext4, which then looks for larger pieces of memory. */
const batch = 64 * 1024;
/** Places in the file's header. */
const header = { pageSize: 16, reserved: 20, changes: 24, pages: 28, validFor: 92, size: 100 } as const;

/** Of a file that SQLite has made, without a log beside it. Codes `disk-full` and the file system's. */
export function openNewPages(path: string): NewPages {
  const named = Buffer.from(path);
  const file = calling('open', named, () => openSync(path, 'r+'));
  const writeAt = (bytes: Uint8Array, place: number): void =>
    calling('write', named, () => {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(file, bytes, done, bytes.length - done, place + done);
      }
    });
  const head = new Uint8Array(header.size);
  calling('read', named, () => readSync(file, head, 0, head.length, 0));
  const stated = readUint16(head, header.pageSize);
  const pageSize = stated === 1 ? 0x1_0000 : stated;
  const lock = lockPage(pageSize);
  const most = Math.max(1, batch / pageSize);
  // one more, for what is skipped
  const memory = new Uint8Array((most + 1) * pageSize);
  let first = readUint32(head, header.pages) + 1;
  let held = 0;
  const flush = (): void => {
    writeAt(memory.subarray(0, held * pageSize), (first - 1) * pageSize);
    memory.fill(0);
    first += held;
    held = 0;
  };

  return {
    pageSize,
    usable: pageSize - head[header.reserved]!,
    get next() {
      return first + held === lock ? lock + 1 : first + held;
    },
    add() {
      if (held >= most) flush();
      if (first + held === lock) held++;
      const start = held++ * pageSize;
      return memory.subarray(start, start + pageSize);
    },
    replace: (number, page) => writeAt(page, (number - 1) * pageSize),
    finish() {
      flush();
      writeUint32(head, header.pages, first - 1);
      // what SQLite has in memory of the file is no longer so
      const changes = readUint32(head, header.changes) + 1;
      writeUint32(head, header.changes, changes);
      writeUint32(head, header.validFor, changes);
      writeAt(head, 0);
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}
