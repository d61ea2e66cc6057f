/** How many rows two tables do not share, in bounded memory, whatever the size of the tables. */
import { createRowSum } from '../../kernel/row-sum.ts';

export interface RowDifference {
  readonly added: number;
  readonly removed: number;
}

/** Rows as lines; can be read again and again. */
export type RowLines = () => AsyncIterable<Uint8Array>;

/** Different rows that are counted at a time: 24 bytes each. */
const mostAtOnce = 4 * 1024 * 1024;
const firstCapacity = 1 << 12;

/**
 * Counts the rows that only one side has, each as often as it has it more often. Only hashes are kept, and when there
 * are too many, those of one part of all possible hashes after the other.
 */
export async function compareRows(
  before: RowLines,
  after: RowLines,
  most: number = mostAtOnce,
): Promise<RowDifference> {
  for (let parts = 1; ; parts *= 4) {
    const found = await compareInParts(before, after, parts, most);
    if (found) return found;
  }
}

/** Undefined when a part of the hashes is still too many. */
async function compareInParts(
  before: RowLines,
  after: RowLines,
  parts: number,
  most: number,
): Promise<RowDifference | undefined> {
  let added = 0;
  let removed = 0;
  for (let part = 0; part < parts; part++) {
    const counts = createCounts(most);
    for (const [rows, step] of [
      [before, -1],
      [after, 1],
    ] as const) {
      let fits = true;
      const sum = createRowSum((hashes) => {
        const halves = new Uint32Array(hashes.buffer, hashes.byteOffset, hashes.length * 2);
        for (let at = 0; at < halves.length && fits; at += 2) {
          if (parts === 1 || halves[at + 1]! % parts === part) {
            fits = counts.add(halves[at]!, halves[at + 1]!, step);
          }
        }
      });
      for await (const piece of rows()) {
        sum.update(piece);
        if (!fits) return undefined;
      }
      sum.end();
      if (!fits) return undefined;
    }
    const difference = counts.difference();
    added += difference.added;
    removed += difference.removed;
  }
  return { added, removed };
}

interface Counts {
  /** False when there is no room for another hash. */
  add(low: number, high: number, step: 1 | -1): boolean;
  difference(): RowDifference;
}

/** A table of hashes with open addressing, at most half full. */
function createCounts(most: number): Counts {
  let capacity = firstCapacity;
  let keys = new Uint32Array(2 * capacity);
  let counts = new Int32Array(capacity);
  let used = new Uint8Array(capacity);
  let size = 0;

  function placeOf(low: number, high: number): number {
    let place = low & (capacity - 1);
    while (used[place] !== 0 && (keys[2 * place] !== low || keys[2 * place + 1] !== high)) {
      place = (place + 1) & (capacity - 1);
    }
    return place;
  }

  function grow(): void {
    const [oldKeys, oldCounts, oldUsed] = [keys, counts, used];
    capacity *= 2;
    keys = new Uint32Array(2 * capacity);
    counts = new Int32Array(capacity);
    used = new Uint8Array(capacity);
    for (let old = 0; old < oldUsed.length; old++) {
      if (oldUsed[old] === 0) continue;
      const [low, high] = [oldKeys[2 * old]!, oldKeys[2 * old + 1]!];
      const place = placeOf(low, high);
      put(place, low, high);
      counts[place] = oldCounts[old]!;
    }
  }

  function put(place: number, low: number, high: number): void {
    used[place] = 1;
    keys[2 * place] = low;
    keys[2 * place + 1] = high;
  }

  return {
    add(low, high, step) {
      let place = placeOf(low, high);
      if (used[place] === 0) {
        if (size >= most) return false;
        if (2 * ++size > capacity) {
          grow();
          place = placeOf(low, high);
        }
        put(place, low, high);
      }
      counts[place] = counts[place]! + step;
      return true;
    },
    difference() {
      let added = 0;
      let removed = 0;
      for (const count of counts) {
        if (count > 0) added += count;
        else removed -= count;
      }
      return { added, removed };
    },
  };
}
