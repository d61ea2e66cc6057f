// A content-defined chunker that tests 16 places a step. Compiled to fast.wasm.
//
// A quick 8-bit mix of the last 8 bytes is made for 16 places at once; where it hits the key's target (1 place in 256
// of ordinary data) a strong 64-bit mix of the last 32 bytes decides with 11 bits more. Both depend on those bytes and
// on the key alone, so cuts come back after an insertion, and nobody without the key can tell where they fall.

// Memory: two substitution tables for the halves of a byte, the target in all 16 lanes, then 8 u64; input from 65536 on.
const LOW: usize = 0;
const HIGH: usize = 16;
const TARGET: usize = 32;
const ADD: usize = 48;
const MULTIPLY: usize = 80;
/**
 * Strong mixes below this let a chunk end: 11 bits must be zero. With those of the quick mix that is one place in half
 * a mebibyte, and so chunks of a mebibyte, which is what restic's rule comes to on files with runs of zeros in them.
 */
const BOUND: u64 = 1 << 53;
/** Places tested between two looks at the result. */
const STEP: usize = 64;

function substitute(bytes: v128, low: v128, high: v128): v128 {
  return i8x16.add(
    i8x16.swizzle(low, v128.and(bytes, i8x16.splat(15))),
    i8x16.swizzle(high, i8x16.shr_u(bytes, 4)),
  );
}

/** `now` moved up by one byte, `before` filling the gap; likewise by two and by four. */
function behind1(before: v128, now: v128): v128 {
  return i8x16.shuffle(before, now, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}
function behind2(before: v128, now: v128): v128 {
  return i8x16.shuffle(before, now, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
}
function behind4(before: v128, now: v128): v128 {
  return i8x16.shuffle(before, now, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
}

/** True when the 32 bytes before `at` let a chunk end there. */
function cuts(at: usize): bool {
  let mix = (load<u64>(at - 8) ^ load<u64>(ADD)) * load<u64>(MULTIPLY);
  mix = (rotl(mix, 31) ^ load<u64>(at - 16) ^ load<u64>(ADD, 8)) * load<u64>(MULTIPLY, 8);
  mix = (rotl(mix, 31) ^ load<u64>(at - 24) ^ load<u64>(ADD, 16)) * load<u64>(MULTIPLY, 16);
  mix = (rotl(mix, 31) ^ load<u64>(at - 32) ^ load<u64>(ADD, 24)) * load<u64>(MULTIPLY, 24);
  return (mix ^ (mix << 32)) < BOUND;
}

/**
 * The first address in `first..last` (both included) before which a chunk may end, 0 when there is none.
 * The 32 bytes before `first` are read, and up to 64 bytes after `last` without having a say.
 */
export function scan(first: usize, last: usize): usize {
  const low = v128.load(LOW);
  const high = v128.load(HIGH);
  const target = v128.load(TARGET);
  let at = first - 1;
  let s0 = substitute(v128.load(at - 16), low, high);
  let p0 = i8x16.sub(s0, behind1(s0, s0));
  let q0 = i8x16.sub(p0, behind2(p0, p0));
  for (; at < last; at += STEP) {
    const s1 = substitute(v128.load(at), low, high);
    const s2 = substitute(v128.load(at, 16), low, high);
    const s3 = substitute(v128.load(at, 32), low, high);
    const s4 = substitute(v128.load(at, 48), low, high);
    const p1 = i8x16.sub(s1, behind1(s0, s1));
    const p2 = i8x16.sub(s2, behind1(s1, s2));
    const p3 = i8x16.sub(s3, behind1(s2, s3));
    const p4 = i8x16.sub(s4, behind1(s3, s4));
    const q1 = i8x16.sub(p1, behind2(p0, p1));
    const q2 = i8x16.sub(p2, behind2(p1, p2));
    const q3 = i8x16.sub(p3, behind2(p2, p3));
    const q4 = i8x16.sub(p4, behind2(p3, p4));
    const e1 = i8x16.eq(i8x16.add(q1, behind4(q0, q1)), target);
    const e2 = i8x16.eq(i8x16.add(q2, behind4(q1, q2)), target);
    const e3 = i8x16.eq(i8x16.add(q3, behind4(q2, q3)), target);
    const e4 = i8x16.eq(i8x16.add(q4, behind4(q3, q4)), target);
    s0 = s4;
    p0 = p4;
    q0 = q4;
    if (v128.any_true(v128.or(v128.or(e1, e2), v128.or(e3, e4)))) {
      let hits =
        (<u64>i8x16.bitmask(e1)) |
        ((<u64>i8x16.bitmask(e2)) << 16) |
        ((<u64>i8x16.bitmask(e3)) << 32) |
        ((<u64>i8x16.bitmask(e4)) << 48);
      for (; hits != 0; hits &= hits - 1) {
        const place = at + 1 + <usize>ctz(hits);
        if (cuts(place)) return place <= last ? place : 0;
      }
    }
  }
  return 0;
}
