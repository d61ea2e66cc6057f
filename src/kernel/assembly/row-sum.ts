// Hashes rows (lines) and adds the hashes up, as kernel/row-hash.ts does for a few of them. Compiled to row-sum.wasm.

import { absorb, finish, lineEnd } from './rows';

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
