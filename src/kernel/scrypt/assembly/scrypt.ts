// The costly middle of scrypt (RFC 7914, sections 3 to 5) with SIMD. Compiled to scrypt.wasm.
//
// Each pass waits for its own last step most of the time, so two passes (A and B) are made side by side, which takes
// little longer than one. A block's 16 words lie in the order of the diagonals of Salsa20's 4 by 4 matrix: word
// (5 * i) % 16 of the standard at place i, so that a vector holds four words that are worked on alike.

function rotate(v: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(v, bits), i32x4.shr_u(v, 32 - bits));
}

function stir(target: v128, a: v128, b: v128, bits: i32): v128 {
  return v128.xor(target, rotate(i32x4.add(a, b), bits));
}

// The lanes of a vector moved up by one, two and three.
function up1(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 3, 0, 1, 2);
}
function up2(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 2, 3, 0, 1);
}
function up3(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 1, 2, 3, 0);
}

/** 16 bytes of `block`, combined with those of `mask` where there is a mask. */
function masked(block: usize, mask: usize): v128 {
  return mask ? v128.xor(v128.load(block), v128.load(mask)) : v128.load(block);
}

/** Address of the `i`th 64 bytes behind `base`, 0 when there is no base. */
function part(base: usize, i: i32): usize {
  return base ? base + ((<usize>i) << 6) : 0;
}

/** scryptBlockMix of fromA ^ maskA to toA and of fromB ^ maskB to toB: 2 * r parts of 64 bytes each. */
function blockMix(
  fromA: usize,
  maskA: usize,
  toA: usize,
  fromB: usize,
  maskB: usize,
  toB: usize,
  r: i32,
): void {
  const parts = 2 * r;
  let f = part(fromA, parts - 1);
  let m = part(maskA, parts - 1);
  let a0 = masked(f, m);
  let a1 = masked(f + 16, m ? m + 16 : 0);
  let a2 = masked(f + 32, m ? m + 32 : 0);
  let a3 = masked(f + 48, m ? m + 48 : 0);
  f = part(fromB, parts - 1);
  m = part(maskB, parts - 1);
  let b0 = masked(f, m);
  let b1 = masked(f + 16, m ? m + 16 : 0);
  let b2 = masked(f + 32, m ? m + 32 : 0);
  let b3 = masked(f + 48, m ? m + 48 : 0);

  for (let i = 0; i < parts; i++) {
    f = part(fromA, i);
    m = part(maskA, i);
    a0 = v128.xor(a0, masked(f, m));
    a1 = v128.xor(a1, masked(f + 16, m ? m + 16 : 0));
    a2 = v128.xor(a2, masked(f + 32, m ? m + 32 : 0));
    a3 = v128.xor(a3, masked(f + 48, m ? m + 48 : 0));
    f = part(fromB, i);
    m = part(maskB, i);
    b0 = v128.xor(b0, masked(f, m));
    b1 = v128.xor(b1, masked(f + 16, m ? m + 16 : 0));
    b2 = v128.xor(b2, masked(f + 32, m ? m + 32 : 0));
    b3 = v128.xor(b3, masked(f + 48, m ? m + 48 : 0));

    // Salsa20/8 of both
    let c0 = a0;
    let c1 = a1;
    let c2 = a2;
    let c3 = a3;
    let d0 = b0;
    let d1 = b1;
    let d2 = b2;
    let d3 = b3;
    for (let round = 0; round < 8; round += 2) {
      // columns
      c1 = stir(c1, c0, c3, 7);
      d1 = stir(d1, d0, d3, 7);
      c2 = stir(c2, c1, c0, 9);
      d2 = stir(d2, d1, d0, 9);
      c3 = stir(c3, c2, c1, 13);
      d3 = stir(d3, d2, d1, 13);
      c0 = stir(c0, c3, c2, 18);
      d0 = stir(d0, d3, d2, 18);
      c1 = up1(c1);
      d1 = up1(d1);
      c2 = up2(c2);
      d2 = up2(d2);
      c3 = up3(c3);
      d3 = up3(d3);
      // rows
      c3 = stir(c3, c0, c1, 7);
      d3 = stir(d3, d0, d1, 7);
      c2 = stir(c2, c3, c0, 9);
      d2 = stir(d2, d3, d0, 9);
      c1 = stir(c1, c2, c3, 13);
      d1 = stir(d1, d2, d3, 13);
      c0 = stir(c0, c1, c2, 18);
      d0 = stir(d0, d1, d2, 18);
      c1 = up3(c1);
      d1 = up3(d1);
      c2 = up2(c2);
      d2 = up2(d2);
      c3 = up1(c3);
      d3 = up1(d3);
    }
    a0 = i32x4.add(a0, c0);
    a1 = i32x4.add(a1, c1);
    a2 = i32x4.add(a2, c2);
    a3 = i32x4.add(a3, c3);
    b0 = i32x4.add(b0, d0);
    b1 = i32x4.add(b1, d1);
    b2 = i32x4.add(b2, d2);
    b3 = i32x4.add(b3, d3);

    // even parts to the first half, odd ones to the second
    const place = (i & 1) * r + (i >> 1);
    const a = part(toA, place);
    v128.store(a, a0);
    v128.store(a, a1, 16);
    v128.store(a, a2, 32);
    v128.store(a, a3, 48);
    const b = part(toB, place);
    v128.store(b, b0);
    v128.store(b, b1, 16);
    v128.store(b, b2, 32);
    v128.store(b, b3, 48);
  }
}

/** Integerify: which of the `count` earlier blocks the last part of `block` names. */
function chosen(table: usize, block: usize, size: usize, count: i32): usize {
  return table + <usize>(load<u32>(block + size - 64) & (count - 1)) * size;
}

/**
 * scryptROMix of the two blocks at `blocks`, one behind the other, in place. `work` has room for two blocks and `table`
 * for 2 * count, of 128 * r bytes each. `count` (N) is a power of two, 2 or more.
 */
export function mixTwo(blocks: usize, work: usize, table: usize, r: i32, count: i32): void {
  const size = <usize>128 * r;
  const tableB = table + size * count;
  const a = blocks;
  const b = blocks + size;
  const workA = work;
  const workB = work + size;
  memory.copy(table, a, size);
  memory.copy(tableB, b, size);
  let from: usize = 0;
  for (let i = 1; i < count; i++) {
    const to = from + size;
    blockMix(table + from, 0, table + to, tableB + from, 0, tableB + to, r);
    from = to;
  }
  blockMix(table + from, 0, a, tableB + from, 0, b, r);
  for (let i = 0; i < count; i += 2) {
    blockMix(a, chosen(table, a, size, count), workA, b, chosen(tableB, b, size, count), workB, r);
    blockMix(workA, chosen(table, workA, size, count), a, workB, chosen(tableB, workB, size, count), b, r);
  }
}
