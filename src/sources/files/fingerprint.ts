/**
 * The fingerprint of a directory: a hash of all that stat tells of everything below it. As long as it is the same,
 * nothing there has changed by the rule that a file with the same size, times and inode is the same file.
 */
import { createAccounts } from '../../kernel/native/accounts.ts';
import { asBuffer } from '../../kernel/native/c-string.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import { RECORD_BYTES, RECORD_WORDS } from '../../kernel/native/stat-record.ts';
import type { Listing } from './listing.ts';

/** 32 bytes as latin1 text: cheap to keep, to compare and to hand to another thread. */
export type Fingerprint = string;

export const fingerprintBytes = 32;

/**
 * What else is known of a directory's entries, by their place: null for one that is left out of the backup, the
 * fingerprint of a subdirectory.
 */
export type Marks = ReadonlyMap<number, Fingerprint | null>;

export interface Fingerprinter {
  /** Undefined when an entry's stat failed, or the fingerprint of a subdirectory is not known. */
  of(listing: Listing, marks: Marks): Fingerprint | undefined;
}

/** @param salt what a change of makes all fingerprints others */
export function createFingerprinter(salt: string): Fingerprinter {
  const accounts = createAccounts();
  const names = new Map<number, string>();
  const begin = Buffer.from(sha256(Buffer.from(salt)));
  let bytes = Buffer.alloc(64 * 1024);
  let words = new Uint32Array(bytes.buffer);

  function reserve(size: number): void {
    if (size <= bytes.length) return;
    const before = bytes;
    bytes = Buffer.alloc(8 * Math.ceil(size / 4));
    bytes.set(before);
    words = new Uint32Array(bytes.buffer);
  }

  /** The numbers are in the records already; a snapshot keeps the names too. */
  function owner(uid: number, gid: number): string {
    const key = uid * 0x1_0000_0000 + gid;
    let name = names.get(key);
    if (name === undefined) {
      name = `${JSON.stringify([accounts.userName(uid), accounts.groupName(gid)])}\n`;
      names.set(key, name);
    }
    return name;
  }

  return {
    of(listing, marks) {
      const { count } = listing;
      const entryNames = listing.data.names;
      const records = begin.length;
      const tail = records + count * RECORD_BYTES + entryNames.length;
      reserve(tail + marks.size * fingerprintBytes);
      bytes.set(begin);
      let owners = '';
      let uid = -1;
      let gid = -1;
      let end = tail;
      for (let i = 0; i < count; i++) {
        const to = records / 4 + i * RECORD_WORDS;
        listing.copyState(i, words, to);
        const mark = marks.get(i);
        if (mark === null) {
          // nothing but the name, which the backup does not show
          words.fill(0, to, to + RECORD_WORDS);
          continue;
        }
        if (listing.error(i) !== 0) return undefined;
        if (listing.uid(i) !== uid || listing.gid(i) !== gid) {
          uid = listing.uid(i);
          gid = listing.gid(i);
          owners += owner(uid, gid);
        }
        if (!listing.isDirectory(i)) continue;
        if (mark === undefined) return undefined;
        end += bytes.write(mark, end, 'latin1');
      }
      bytes.set(entryNames, tail - entryNames.length);
      const total = Buffer.byteLength(owners) + end;
      reserve(total);
      bytes.write(owners, end);
      return asBuffer(sha256(bytes.subarray(0, total))).toString('latin1');
    },
  };
}
