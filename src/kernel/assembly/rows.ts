// Where rows (lines) end, and the hash of one as kernel/row-hash.ts has it: what evidence in snapshots is compared by.
// Imported by the modules that read rows.

const FIRST: u64 = 0x9e3779b97f4a7c15;
const SECOND: u64 = 0xd6e8feb86659fd93;

/** Mixes `length` bytes, all but the last piece of a row a multiple of 8 of them, into the hash of a row. */
export function absorb(hash: u64, at: usize, length: usize): u64 {
  const whole = at + (length & ~7);
  for (; at < whole; at += 8) hash = (rotl(hash, 29) ^ load<u64>(at)) * FIRST;
  const rest = length & 7;
  if (rest != 0) hash = (rotl(hash, 29) ^ (load<u64>(at) & (((<u64>1) << ((<u64>rest) << 3)) - 1))) * FIRST;
  return hash;
}

/** The hash of a row of `length` bytes, when all of them are mixed in. */
export function finish(hash: u64, length: u64): u64 {
  hash ^= length * SECOND;
  hash = (hash ^ (hash >> 32)) * SECOND;
  hash = (hash ^ (hash >> 29)) * FIRST;
  return hash ^ (hash >> 32);
}

/** The place of the first line feed in `[at, end)`, `end` when there is none. Up to 16 bytes behind `end` are read. */
export function lineEnd(at: usize, end: usize): usize {
  const feed = i8x16.splat(10);
  for (; at < end; at += 16) {
    const hits = i8x16.bitmask(i8x16.eq(v128.load(at), feed));
    if (hits != 0) return min(at + <usize>ctz(hits), end);
  }
  return end;
}
