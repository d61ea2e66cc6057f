/** Memory that packs are read into, used again and again: pages that the system has to hand out anew cost more than the reading. */

export interface PackMemory {
  /** Memory for so many bytes; undefined when it does not pay to keep any of that size. */
  take(length: number): ArrayBuffer | undefined;
  /** Takes back what came from `take`, or any other. */
  give(memory: ArrayBuffer | undefined): void;
}

/** Smaller reads get memory of their own. */
const least = 2 * 1024 * 1024;
/** A little more than the longest run of a pack; untouched pages take nothing. */
const size = 24 * 1024 * 1024;

export function createPackMemory(): PackMemory {
  const free: ArrayBuffer[] = [];
  return {
    take(length) {
      if (length < least || length > size) return undefined;
      return free.pop() ?? new ArrayBuffer(size);
    },
    give(memory) {
      if (memory?.byteLength === size) free.push(memory);
    },
  };
}
