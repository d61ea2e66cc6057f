// Keyed functions over the value that lies in `scratch`: SipHash-2-4 with 128 bits, and permutations made of it.
// Compiled to keyed.wasm.

/** Where callers put a value and find the result: up to `capacity` bytes, and room for the padding behind it. */
const capacity: u32 = 16384;
const scratch: usize = memory.data(16384 + 16);
/** Where the 16 bytes of a digest are put. */
const result: usize = memory.data(16);

export function scratchAddress(): usize {
  return scratch;
}

export function resultAddress(): usize {
  return result;
}

/** SipHash-2-4-128 of the first `length` bytes of the scratch memory, into `result`. */
export function digest(length: u32, a: u32, b: u32, c: u32, d: u32): void {
  const k0 = (<u64>a) | ((<u64>b) << 32);
  const k1 = (<u64>c) | ((<u64>d) << 32);
  let v0 = k0 ^ 0x736f6d6570736575;
  let v1 = k1 ^ 0x646f72616e646f6d ^ 0xee;
  let v2 = k0 ^ 0x6c7967656e657261;
  let v3 = k1 ^ 0x7465646279746573;
  const last = scratch + (length & ~7);
  // the last block: what remains, zeros, and the length in its highest byte
  const rest = (length & 7) << 3;
  const tail = rest ? load<u64>(last) & ((1 << (<u64>rest)) - 1) : 0;
  store<u64>(last, tail | ((<u64>length) << 56));
  for (let at = scratch; at <= last; at += 8) {
    const m = load<u64>(at);
    v3 ^= m;
    for (let round = 0; round < 2; round++) {
      v0 += v1;
      v1 = rotl<u64>(v1, 13) ^ v0;
      v0 = rotl<u64>(v0, 32);
      v2 += v3;
      v3 = rotl<u64>(v3, 16) ^ v2;
      v0 += v3;
      v3 = rotl<u64>(v3, 21) ^ v0;
      v2 += v1;
      v1 = rotl<u64>(v1, 17) ^ v2;
      v2 = rotl<u64>(v2, 32);
    }
    v0 ^= m;
  }
  v2 ^= 0xee;
  for (let half: usize = 0; half < 16; half += 8) {
    for (let round = 0; round < 4; round++) {
      v0 += v1;
      v1 = rotl<u64>(v1, 13) ^ v0;
      v0 = rotl<u64>(v0, 32);
      v2 += v3;
      v3 = rotl<u64>(v3, 16) ^ v2;
      v0 += v3;
      v3 = rotl<u64>(v3, 21) ^ v0;
      v2 += v1;
      v1 = rotl<u64>(v1, 17) ^ v2;
      v2 = rotl<u64>(v2, 32);
    }
    store<u64>(result + half, v0 ^ v1 ^ v2 ^ v3);
    v1 ^= 0xdd;
  }
}

/** SipHash-2-4 with 64 bits of the seven lowest bytes of `message`. */
function short(k0: u64, k1: u64, message: u64): u64 {
  const m = (message & 0xffffffffffffff) | (7 << 56);
  let v0 = k0 ^ 0x736f6d6570736575;
  let v1 = k1 ^ 0x646f72616e646f6d;
  let v2 = k0 ^ 0x6c7967656e657261;
  let v3 = k1 ^ 0x7465646279746573 ^ m;
  for (let round = 0; round < 6; round++) {
    if (round === 2) {
      v0 ^= m;
      v2 ^= 0xff;
    }
    v0 += v1;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v0 = rotl<u64>(v0, 32);
    v2 += v3;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
  }
  return v0 ^ v1 ^ v2 ^ v3;
}

/** Half a billionth of a bias at most: `bits` scaled to 0 .. size - 1. */
function scale(bits: u64, size: u64): u64 {
  return ((bits >> 32) * size + (((bits & 0xffffffff) * size) >> 32)) >> 32;
}

/**
 * Six are enough against whoever may have values permuted both ways (Patarin, Security of Random Feistel Schemes with 5
 * or more Rounds, 2004), and a value goes through them twice.
 */
const rounds: u64 = 6;

/** What is known of the domain that was permuted last: most values of a column are of the form of the one before. */
let lastSize: u64 = 0;
let lastDomain: u64 = 0;
let left: u64 = 0;
let right: u64 = 0;
/** 16 bits that tell one size and domain from another */
let tweak: u64 = 0;

function prepare(size: u64, domain: u64): void {
  lastSize = size;
  lastDomain = domain;
  left = <u64>sqrt<f64>(<f64>size);
  while (left * left < size) left++;
  right = (size + left - 1) / left;
  tweak = (((size ^ rotl<u64>(domain, 32)) * 0x9e3779b97f4a7c15) >> 48) << 40;
}

/**
 * A permutation of 0 .. size - 1 without a fixed point, for any size from 2 to 2^63: one step along a secret cycle
 * through all the numbers. P is a Feistel network over left * right numbers, alternating, its round function
 * SipHash; the step is P^-1(P(x) + 1). What falls outside of `size` goes through once more.
 */
function permute(x: u64, size: u64, domain: u64, k0: u64, k1: u64): u64 {
  if (size < 2) return x;
  if (size === 2) return 1 - x;
  if (size !== lastSize || domain !== lastDomain) prepare(size, domain);
  const width = left;
  const height = right;
  const mark = tweak;
  do {
    let r = x / width;
    let l = x - r * width;
    for (let i: u64 = 0; i < rounds; i += 2) {
      l += scale(short(k0, k1, mark | (i << 32) | r), width);
      if (l >= width) l -= width;
      r += scale(short(k0, k1, mark | ((i + 1) << 32) | l), height);
      if (r >= height) r -= height;
    }
    // one step, over all width * height numbers
    if (++l === width) {
      l = 0;
      if (++r === height) r = 0;
    }
    for (let i: u64 = rounds; i > 0; i -= 2) {
      r += height - scale(short(k0, k1, mark | ((i - 1) << 32) | l), height);
      if (r >= height) r -= height;
      l += width - scale(short(k0, k1, mark | ((i - 2) << 32) | r), width);
      if (l >= width) l -= width;
    }
    x = r * width + l;
  } while (x >= size);
  return x;
}

/** The last numbers that the integer types of databases take, signed and unsigned: a class must not cross one. */
const positiveLimits: StaticArray<u64> = [
  127, 255, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, 9223372036854775807,
  18446744073709551615,
];
const negativeLimits: StaticArray<u64> = [128, 32768, 8388608, 2147483648, 9223372036854775808];

/**
 * Permutes a whole number without sign and without leading zeros, at most 2^64 - 1, in place. It keeps its number of
 * digits, and fits into each integer type that it fitted into.
 */
export function permuteInteger(
  start: u32,
  length: u32,
  negative: bool,
  a: u32,
  b: u32,
  c: u32,
  d: u32,
): void {
  let value: u64 = 0;
  let low: u64 = 1;
  const from = scratch + start;
  for (let i: u32 = 0; i < length; i++) {
    value = value * 10 + (load<u8>(from + i) - 48);
    if (i > 0) low *= 10;
  }
  // a negative zero is no number of its own
  if (length === 1) low = negative ? 1 : 0;
  let high: u64 = length === 20 ? u64.MAX_VALUE : (length === 1 ? 10 : low * 10) - 1;
  const limits = negative ? negativeLimits : positiveLimits;
  for (let i = 0; i < limits.length; i++) {
    const limit = unchecked(limits[i]);
    if (value > limit && limit >= low) low = limit + 1;
    if (value <= limit && limit < high) {
      high = limit;
      break;
    }
  }
  if (value < low || value > high) return;
  const k0 = (<u64>a) | ((<u64>b) << 32);
  const k1 = (<u64>c) | ((<u64>d) << 32);
  value = permute(value - low, high - low + 1, low + <u64>negative, k0, k1) + low;
  for (let i = length; i > 0; i--) {
    store<u8>(from + i - 1, <u8>(48 + (value % 10)));
    value /= 10;
  }
}

/** The number of characters that may stand where this one does, 1 when it stays as it is. */
function radixOf(byte: u32): u64 {
  if (byte - 48 < 10) return 10;
  if ((byte | 32) - 97 < 26) return 26;
  return 1;
}

/** The first of the characters that may stand where this one does. */
function baseOf(byte: u32): u32 {
  return byte < 65 ? 48 : byte < 97 ? 65 : 97;
}

/**
 * Puts other digits where digits are and other letters, of the same case, where ASCII letters are, in place. Values of
 * up to 2^62 possibilities are permuted; longer ones get characters that the digest of the whole value decides.
 */
export function permuteShape(length: u32, a: u32, b: u32, c: u32, d: u32): void {
  let size: u64 = 1;
  let value: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const byte = <u32>load<u8>(scratch + i);
    const radix = radixOf(byte);
    if (radix === 1) continue;
    if (size > 0x3fffffffffffffff / radix) return drawShape(length, a, b, c, d);
    size *= radix;
    value = value * radix + (byte - baseOf(byte));
  }
  value = permute(value, size, length, (<u64>a) | ((<u64>b) << 32), (<u64>c) | ((<u64>d) << 32));
  for (let i = length; i > 0; i--) {
    const byte = <u32>load<u8>(scratch + i - 1);
    const radix = radixOf(byte);
    if (radix === 1) continue;
    // a divisor that is known costs less
    const rest = radix === 10 ? value / 10 : value / 26;
    store<u8>(scratch + i - 1, <u8>(baseOf(byte) + <u32>(value - rest * radix)));
    value = rest;
  }
}

function drawShape(length: u32, a: u32, b: u32, c: u32, d: u32): void {
  digest(length, a, b, c, d);
  const k0 = load<u64>(result);
  const k1 = load<u64>(result, 8);
  let bits: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    bits = i & 1 ? bits >> 32 : short(k0, k1, i);
    const byte = <u32>load<u8>(scratch + i);
    const radix = radixOf(byte);
    if (radix > 1) store<u8>(scratch + i, <u8>(baseOf(byte) + <u32>(((bits & 0xffffffff) * radix) >> 32)));
  }
}

/** Permutes up to seven arbitrary bytes, in place. */
export function permuteBytes(length: u32, a: u32, b: u32, c: u32, d: u32): void {
  let value: u64 = 0;
  for (let i: u32 = 0; i < length; i++) value = (value << 8) | load<u8>(scratch + i);
  value = permute(
    value,
    1 << ((<u64>length) << 3),
    0,
    (<u64>a) | ((<u64>b) << 32),
    (<u64>c) | ((<u64>d) << 32),
  );
  for (let i = length; i > 0; i--) {
    store<u8>(scratch + i - 1, <u8>value);
    value >>= 8;
  }
}

/** Fills the scratch memory with `length` bytes that the digest in `result` decides. */
export function expand(length: u32): void {
  const k0 = load<u64>(result);
  const k1 = load<u64>(result, 8);
  for (let i: u32 = 0; i < min(length, capacity); i += 8) store<u64>(scratch + i, short(k0, k1, i));
}
