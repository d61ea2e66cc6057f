// Hashes rows (lines) and adds the hashes up, as kernel/row-hash.ts does for a few of them. Compiled to row-sum.wasm.

// Memory: the state between calls, the hashes of the rows that were taken last; input from 65536 on.
/** u64: the sum of all hashes, rows so far; the hash and the length of what was taken of an unfinished row */
const SUM: usize = 0;
const ROWS: usize = 8;
const CARRY: usize = 16;
const CARRIED: usize = 24;
/** u32: how many hashes there are in the table */
const COUNT: usize = 32;
/** u64 each */
const TABLE: usize = 1024;
const MOST: u32 = 8000;

const FIRST: u64 = 0x9e3779b97f4a7c15;
const SECOND: u64 = 0xd6e8feb86659fd93;

/** Mixes `length` bytes, all but the last piece of a row a multiple of 8 of them, into the hash of a row. */
function absorb(hash: u64, at: usize, length: usize): u64 {
  const whole = at + (length & ~7);
  for (; at < whole; at += 8) hash = (rotl(hash, 29) ^ load<u64>(at)) * FIRST;
  const rest = length & 7;
  if (rest != 0) hash = (rotl(hash, 29) ^ (load<u64>(at) & (((<u64>1) << ((<u64>rest) << 3)) - 1))) * FIRST;
  return hash;
}

function finish(hash: u64, length: u64): u64 {
  hash ^= length * SECOND;
  hash = (hash ^ (hash >> 32)) * SECOND;
  hash = (hash ^ (hash >> 29)) * FIRST;
  return hash ^ (hash >> 32);
}

/** The place of the first line feed in `[at, end)`, `end` when there is none. Up to 16 bytes behind `end` are read. */
function lineEnd(at: usize, end: usize): usize {
  const feed = i8x16.splat(10);
  for (; at < end; at += 16) {
    const hits = i8x16.bitmask(i8x16.eq(v128.load(at), feed));
    if (hits != 0) return min(at + <usize>ctz(hits), end);
  }
  return end;
}

/** Ends the row whose last piece is `[at, end)`. */
function endRow(at: usize, end: usize): void {
  const hash = finish(absorb(load<u64>(CARRY), at, end - at), load<u64>(CARRIED) + <u64>(end - at));
  const count = load<u32>(COUNT);
  store<u64>(TABLE + ((<usize>count) << 3), hash);
  store<u32>(COUNT, count + 1);
  store<u64>(CARRY, 0);
  store<u64>(CARRIED, 0);
  store<u64>(ROWS, load<u64>(ROWS) + 1);
  store<u64>(SUM, load<u64>(SUM) + hash);
}

/** Takes the whole rows in `[at, end)`; answers where the first one begins that is not whole or finds no room. */
export function scan(at: usize, end: usize): usize {
  while (at < end && load<u32>(COUNT) < MOST) {
    const feed = lineEnd(at, end);
    if (feed == end) return at;
    endRow(at, feed + 1);
    at = feed + 1;
  }
  return at;
}

/** Takes `[at, end)`, a multiple of 8 bytes, as a piece of a row that goes on. */
export function takePiece(at: usize, end: usize): void {
  store<u64>(CARRY, absorb(load<u64>(CARRY), at, end - at));
  store<u64>(CARRIED, load<u64>(CARRIED) + <u64>(end - at));
}

/** Takes `[at, end)` as the last row, which may lack its line feed. */
export function takeLast(at: usize, end: usize): void {
  if (at < end || load<u64>(CARRIED) != 0) endRow(at, end);
}
