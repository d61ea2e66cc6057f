/**
 * Trees that are known by the fingerprint of their directory: whoever finds a directory with this fingerprint need not
 * look below it to know its tree. The table is shared by all threads and only read.
 */
import { equalBytes } from '../../kernel/bytes.ts';
import { type Fingerprint, fingerprintBytes } from '../../sources/files/fingerprint.ts';

/** bytes: a fingerprint and the id of a tree */
export const noteBytes = fingerprintBytes + 32;

export interface SharedKnownTrees {
  /** Uint32: a hash table of numbers of notes plus 1, 0 for none */
  readonly places: SharedArrayBuffer;
  readonly notes: SharedArrayBuffer;
}

export interface KnownTrees {
  /** The tree of the directory, 32 bytes, a view; undefined when it is not known. */
  find(print: Fingerprint): Uint8Array | undefined;
}

/** @param notes `noteBytes` each */
export function shareKnownTrees(notes: Uint8Array): SharedKnownTrees {
  const count = notes.length / noteBytes;
  const slots = 2 ** Math.ceil(Math.log2(count * 2 + 1));
  const shared = {
    places: new SharedArrayBuffer(slots * 4),
    notes: new SharedArrayBuffer(notes.length),
  };
  const places = new Uint32Array(shared.places);
  new Uint8Array(shared.notes).set(notes);
  for (let i = 0; i < count; i++) {
    const at = i * noteBytes;
    const hash = notes[at]! | (notes[at + 1]! << 8) | (notes[at + 2]! << 16) | (notes[at + 3]! << 24);
    let slot = hash & (slots - 1);
    while (places[slot] !== 0) slot = (slot + 1) & (slots - 1);
    places[slot] = i + 1;
  }
  return shared;
}

export function attachKnownTrees(shared: SharedKnownTrees): KnownTrees {
  const places = new Uint32Array(shared.places);
  const notes = new Uint8Array(shared.notes);
  const slots = places.length;

  function isAt(at: number, print: Fingerprint): boolean {
    for (let i = 0; i < fingerprintBytes; i++) if (notes[at + i] !== print.charCodeAt(i)) return false;
    return true;
  }

  return {
    find(print) {
      const code = (i: number) => print.charCodeAt(i);
      const hash = code(0) | (code(1) << 8) | (code(2) << 16) | (code(3) << 24);
      for (let slot = hash & (slots - 1); places[slot] !== 0; slot = (slot + 1) & (slots - 1)) {
        const at = (places[slot]! - 1) * noteBytes;
        if (isAt(at, print)) return notes.subarray(at + fingerprintBytes, at + noteBytes);
      }
      return undefined;
    },
  };
}

/** Directories that are noted at most, by each worker. */
const mostNotes = 200_000;

export interface TreeNotes {
  add(print: Fingerprint, id: Uint8Array): void;
  /** `noteBytes` each */
  take(): Uint8Array<ArrayBuffer>;
}

/** What a worker writes down of the directories that it has finished. */
export function createTreeNotes(): TreeNotes {
  let bytes = Buffer.alloc(0);
  let length = 0;
  return {
    add(print, id) {
      if (length >= mostNotes * noteBytes) return;
      if (length + noteBytes > bytes.length) {
        const larger = Buffer.alloc(Math.max(64 * 1024, 2 * bytes.length));
        larger.set(bytes);
        bytes = larger;
      }
      bytes.write(print, length, 'latin1');
      bytes.set(id, length + fingerprintBytes);
      length += noteBytes;
    },
    take: () => new Uint8Array(bytes.subarray(0, length)),
  };
}

/** True when the notes of all workers say no more and no less than those before. */
export function isSameNotes(before: Uint8Array, notes: readonly Uint8Array[]): boolean {
  if (notes.reduce((sum, { length }) => sum + length, 0) !== before.length) return false;
  const known = attachKnownTrees(shareKnownTrees(before));
  for (const some of notes) {
    const bytes = Buffer.from(some.buffer, some.byteOffset, some.length);
    for (let at = 0; at < bytes.length; at += noteBytes) {
      const id = known.find(bytes.toString('latin1', at, at + fingerprintBytes));
      if (!id || !equalBytes(id, bytes.subarray(at + fingerprintBytes, at + noteBytes))) return false;
    }
  }
  return true;
}
