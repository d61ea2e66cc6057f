/** Collects the names of a directory and ranks them by their raw bytes without an object a name. */

export interface RankedNames {
  /** every name followed by a zero byte, in the order in which they came */
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

export function sortedNames(): NameCollector {
  let bytes = new Uint8Array(1024);
  let length = 0;
  let offsets = new Uint32Array(64);
  let count = 0;
  const begin = (room: number) => {
    if (length + room > bytes.length) bytes = grown(bytes, length + room);
    if (count + 1 >= offsets.length) offsets = grown(offsets, count + 2);
    offsets[count++] = length;
  };
  return {
    add(name) {
      begin(name.length + 1);
      bytes.set(name, length);
      length += name.length + 1;
    },
    addTerminated(from, start) {
      if (
        from[start] === DOT &&
        (from[start + 1] === 0 || (from[start + 1] === DOT && from[start + 2] === 0))
      )
        return;
      // 256: longer than any name that a Linux directory entry can hold
      begin(256);
      for (let i = start; from[i] !== 0; i++) bytes[length++] = from[i]!;
      length++;
    },
    finish() {
      offsets[count] = length;
      const exact = bytes.slice(0, length);
      return { bytes: exact, offsets: offsets.slice(0, count + 1), ...rank(exact, offsets, count) };
    },
  };
}

function grown<T extends Uint8Array | Uint32Array>(array: T, needed: number): T {
  const bigger = new (array.constructor as new (n: number) => T)(Math.max(array.length * 2, needed));
  bigger.set(array);
  return bigger;
}

function rank(bytes: Uint8Array, offsets: Uint32Array, count: number): { ranks: Int32Array; count: number } {
  // the first six bytes as one number decide nearly every comparison; the zero byte after a name sorts it before longer ones
  const keys = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    const start = offsets[k]!;
    const end = offsets[k + 1]!;
    let key = 0;
    for (let i = 0; i < 6; i++) key = key * 256 + (start + i < end ? bytes[start + i]! : 0);
    keys[k] = key;
  }
  const compare = (a: number, b: number): number => {
    const difference = keys[a]! - keys[b]!;
    if (difference !== 0) return difference;
    let i = offsets[a]!;
    let j = offsets[b]!;
    for (; bytes[i] === bytes[j]; i++, j++) if (bytes[i] === 0) return 0;
    return bytes[i]! - bytes[j]!;
  };
  const order = new Uint32Array(count);
  for (let k = 0; k < count; k++) order[k] = k;
  order.sort(compare);
  const ranks = new Int32Array(count);
  let next = 0;
  for (let i = 0; i < count; i++) {
    const k = order[i]!;
    ranks[k] = i > 0 && compare(order[i - 1]!, k) === 0 ? -1 : next++;
  }
  return { ranks, count: next };
}
