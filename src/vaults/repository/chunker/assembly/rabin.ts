// Rabin fingerprints over a window of 64 bytes, as restic cuts files. Compiled to rabin.wasm.
// A fingerprint depends on its 64 bytes alone, so a stretch is scanned by four lanes at once: one
// lane waits for its table look-up while the others go on.

/** Degree of every polynomial in use, less the 8 bits that index the reduction table. */
const SHIFT: u64 = 53 - 8;
const MASK: u64 = (1 << 20) - 1;
const WINDOW: usize = 64;
/** Positions that one lane tests in a block. */
const LANE: usize = 4096;

// Memory: 256 u64 that reduce the 8 bits above the degree, 256 u64 that take out the oldest byte; input from 65536 on.
const REDUCE: usize = 0;
const LEAVE: usize = 2048;

function append(digest: u64, byte: u64): u64 {
  return ((digest << 8) | byte) ^ load<u64>((<usize>(digest >> SHIFT)) << 3, REDUCE);
}

function leave(byte: usize): u64 {
  return load<u64>(byte << 3, LEAVE);
}

/** The fingerprint of the 64 bytes before `at`. */
function fingerprint(at: usize): u64 {
  let digest: u64 = 0;
  for (let p = at - WINDOW; p < at; p++) digest = append(digest, load<u8>(p));
  return digest;
}

/**
 * The first address in `first..last` (both included) before which a chunk may end, 0 when there is none.
 * The 65 bytes before `first` are read.
 */
export function scan(first: usize, last: usize): usize {
  let at = first - 1;
  while (at + 4 * LANE <= last) {
    let a = fingerprint(at);
    let b = fingerprint(at + LANE);
    let c = fingerprint(at + 2 * LANE);
    let d = fingerprint(at + 3 * LANE);
    let found = usize.MAX_VALUE;
    const end = at + LANE;
    for (let p = at; p < end; p++) {
      a = append(a, load<u8>(p)) ^ leave(load<u8>(p - WINDOW));
      b = append(b, load<u8>(p, LANE)) ^ leave(load<u8>(p - WINDOW, LANE));
      c = append(c, load<u8>(p, 2 * LANE)) ^ leave(load<u8>(p - WINDOW, 2 * LANE));
      d = append(d, load<u8>(p, 3 * LANE)) ^ leave(load<u8>(p - WINDOW, 3 * LANE));
      if ((a & MASK) == 0) found = min(found, p + 1);
      if ((b & MASK) == 0) found = min(found, p + 1 + LANE);
      if ((c & MASK) == 0) found = min(found, p + 1 + 2 * LANE);
      if ((d & MASK) == 0) found = min(found, p + 1 + 3 * LANE);
    }
    if (found != usize.MAX_VALUE) return found;
    at += 4 * LANE;
  }
  let digest = fingerprint(at);
  while (at < last) {
    digest = append(digest, load<u8>(at)) ^ leave(load<u8>(at - WINDOW));
    at++;
    if ((digest & MASK) == 0) return at;
  }
  return 0;
}
