/** Collects the names of a directory and ranks them by their raw bytes without an object a name. */

export interface RankedNames {
  /** every name followed by a zero byte, in the order in which they came; memory of its own */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** where name k begins; one more entry marks the end */
  readonly offsets: Uint32Array;
  /** the place of name k in ascending order; -1 for a name that came twice */
  readonly ranks: Int32Array;
  /** names without those that came twice */
  readonly count: number;
}

interface NameCollector {
  add(name: Uint8Array): void;
  /** a name that ends at the next zero byte; `.` and `..` are left out */
  addTerminated(bytes: Uint8Array, start: number): void;
  finish(): RankedNames;
}

const DOT = 0x2e;
/** Up to so many names are put in order by insertion. */
const few = 24;
/** Memory beyond this is given back after a large directory. */
const kept = 64 * 1024;

/** Memory that all collections of a thread use, one after another: a directory of a few names must cost no garbage. */
let bytes = new Uint8Array(4096);
let offsets = new Uint32Array(256);
let keys = new Float64Array(256);
let order = new Uint32Array(256);
let ranks = new Int32Array(256);
let length = 0;
let count = 0;

function begin(room: number): void {
  if (length + room > bytes.length) bytes = grown(bytes, length + room);
  if (count + 1 >= offsets.length) offsets = grown(offsets, count + 2);
  offsets[count++] = length;
}

const collector: NameCollector = {
  add(name) {
    begin(name.length + 1);
    bytes.set(name, length);
    length += name.length;
    bytes[length++] = 0;
  },
  addTerminated(from, start) {
    if (from[start] === DOT && (from[start + 1] === 0 || (from[start + 1] === DOT && from[start + 2] === 0)))
      return;
    // 256: longer than any name that a Linux directory entry can hold
    begin(256);
    for (let i = start; from[i] !== 0; i++) bytes[length++] = from[i]!;
    bytes[length++] = 0;
  },
  finish() {
    offsets[count] = length;
    const found = rank();
    return { bytes: bytes.slice(0, length), offsets: offsets.subarray(0, count + 1), ...found };
  },
};

/** Begins a collection. What the last one gave, besides its bytes, is of no more use from here on. */
export function sortedNames(): NameCollector {
  if (bytes.length > kept) bytes = new Uint8Array(4096);
  if (offsets.length > kept) {
    offsets = new Uint32Array(256);
    keys = new Float64Array(256);
    order = new Uint32Array(256);
    ranks = new Int32Array(256);
  }
  length = 0;
  count = 0;
  return collector;
}

function grown<T extends Uint8Array | Uint32Array>(array: T, needed: number): T {
  const bigger = new (array.constructor as new (n: number) => T)(Math.max(array.length * 2, needed));
  bigger.set(array);
  return bigger;
}

function rank(): { ranks: Int32Array; count: number } {
  if (keys.length < count) {
    keys = new Float64Array(offsets.length);
    order = new Uint32Array(offsets.length);
    ranks = new Int32Array(offsets.length);
  }
  // the first six bytes as one number decide nearly every comparison; the zero byte after a name sorts it before longer ones
  for (let k = 0; k < count; k++) {
    const start = offsets[k]!;
    const end = offsets[k + 1]!;
    let key = 0;
    for (let i = 0; i < 6; i++) key = key * 256 + (start + i < end ? bytes[start + i]! : 0);
    keys[k] = key;
    order[k] = k;
  }
  const inOrder = order.subarray(0, count);
  if (count <= few) insert(inOrder);
  else inOrder.sort(compare);
  let next = 0;
  for (let i = 0; i < count; i++) {
    const k = inOrder[i]!;
    ranks[k] = i > 0 && compare(inOrder[i - 1]!, k) === 0 ? -1 : next++;
  }
  return { ranks: ranks.subarray(0, count), count: next };
}

function compare(a: number, b: number): number {
  const difference = keys[a]! - keys[b]!;
  if (difference !== 0) return difference;
  let i = offsets[a]!;
  let j = offsets[b]!;
  for (; bytes[i] === bytes[j]; i++, j++) if (bytes[i] === 0) return 0;
  return bytes[i]! - bytes[j]!;
}

function insert(places: Uint32Array): void {
  for (let i = 1; i < places.length; i++) {
    const k = places[i]!;
    let j = i - 1;
    for (; j >= 0 && compare(places[j]!, k) > 0; j--) places[j + 1] = places[j]!;
    places[j + 1] = k;
  }
}
