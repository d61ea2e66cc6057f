// Cuts rows (lines) into blocks that end at row ends, and adds up what is needed to compare tables later. Compiled to
// records.wasm.
//
// Whether a block may end behind a row depends on that row and the key alone, so rows that come or go move no other
// block's ends. Longer rows are likelier ends: blocks come out at one size whatever the size of the rows is.

import { absorb, finish, lineEnd } from '../../../../kernel/assembly/rows';

// Memory: the settings, the state between calls, the cuts; input from 65536 on.
/** u64: to add and to multiply with, twice */
const ADD: usize = 0;
const MULTIPLY: usize = 16;
/** u32: blocks are not shorter, nor longer by more than a row; f64: by which a row's length in bytes becomes a bound */
const SHORTEST: usize = 32;
const LONGEST: usize = 36;
const STEEPNESS: usize = 40;
/** u32: a row of more bytes is cut in itself */
const LONG_ROW: usize = 48;
/** u64: rows so far, their checksum; the hash and the length of what was taken of an unfinished row */
const ROWS: usize = 56;
const CHECKSUM: usize = 64;
const CARRY: usize = 72;
const CARRIED: usize = 80;
/** u32: where the present block begins, how many cuts there are */
const START: usize = 88;
const CUTS: usize = 92;
/** u32 each: the ends of blocks */
const TABLE: usize = 1024;
const MOST_CUTS: u32 = 16000;

/** True when a block may end behind a row of that hash. */
function ends(hash: u64, length: u64): bool {
  let mix = (hash ^ load<u64>(ADD)) * load<u64>(MULTIPLY);
  mix = ((mix ^ (mix >> 32)) + load<u64>(ADD, 8)) * load<u64>(MULTIPLY, 8);
  return <f64>(<u32>(mix >> 32)) < <f64>length * load<f64>(STEEPNESS);
}

/** Ends the row whose last piece is `[at, end)`. */
function endRow(at: usize, end: usize): void {
  const carried = load<u64>(CARRIED);
  const length = carried + <u64>(end - at);
  const hash = finish(absorb(load<u64>(CARRY), at, end - at), length);
  store<u64>(CARRY, 0);
  store<u64>(CARRIED, 0);
  store<u64>(ROWS, load<u64>(ROWS) + 1);
  store<u64>(CHECKSUM, load<u64>(CHECKSUM) + hash);
  const size = <u32>end - load<u32>(START);
  if (carried != 0 || size >= load<u32>(LONGEST) || (size >= load<u32>(SHORTEST) && ends(hash, length))) {
    cut(<u32>end);
  }
}

function cut(end: u32): void {
  const count = load<u32>(CUTS);
  store<u32>(TABLE + ((<usize>count) << 2), end);
  store<u32>(CUTS, count + 1);
  store<u32>(START, end);
}

/**
 * Takes the whole rows in `[at, end)`; answers where the first one begins that is not whole, or longer than a row may
 * be, or that finds no room in the table of cuts.
 */
export function scan(at: usize, end: usize): usize {
  const longRow = <usize>load<u32>(LONG_ROW);
  while (at < end && load<u32>(CUTS) < MOST_CUTS) {
    const feed = lineEnd(at, end);
    if (feed == end || feed + 1 - at > longRow) return at;
    endRow(at, feed + 1);
    at = feed + 1;
  }
  return at;
}

/** Takes `[at, end)`, a multiple of 8 bytes, as a piece of a row that goes on: a block of its own. */
export function takePiece(at: usize, end: usize): void {
  if (<u32>at > load<u32>(START)) cut(<u32>at);
  store<u64>(CARRY, absorb(load<u64>(CARRY), at, end - at));
  store<u64>(CARRIED, load<u64>(CARRIED) + <u64>(end - at));
  cut(<u32>end);
}

/** Takes `[at, end)` as the last row, which may lack its line feed. */
export function takeLast(at: usize, end: usize): void {
  if (at < end || load<u64>(CARRIED) != 0) endRow(at, end);
}
