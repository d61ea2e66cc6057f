/** SQLite's integers of one to nine bytes, big-endian: seven bits a byte, the ninth has eight. */

/** Exact up to 2^53: lengths and types never go beyond. */
export function readVarint(bytes: Uint8Array, at: number): number {
  let byte = bytes[at]!;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  for (let i = 1; i < 8; i++) {
    byte = bytes[at + i]!;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  return value * 256 + bytes[at + 8]!;
}

/** The place behind the one at `at`. */
export function varintEnd(bytes: Uint8Array, at: number): number {
  const last = at + 8;
  let end = at;
  while (end < last && bytes[end]! >= 0x80) end++;
  return end + 1;
}

/** Of a number below 2^53. */
export function varintLength(value: number): number {
  if (value < 1 << 14) return value < 1 << 7 ? 1 : 2;
  let length = 3;
  for (let limit = 2 ** 21; value >= limit; limit *= 128) length++;
  return length;
}

/** Writes a number below 2^53, and returns the place behind it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  if (value < 128) {
    target[at] = value;
    return at + 1;
  }
  if (value < 1 << 14) {
    target[at] = 0x80 | (value >>> 7);
    target[at + 1] = value & 0x7f;
    return at + 2;
  }
  const end = at + varintLength(value);
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    target[i] = (rest % 128) | (i === end - 1 ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
  return end;
}

/** The number of a row: all 64 bits, signed. */
export function readRowid(bytes: Uint8Array, at: number): bigint {
  let value = 0n;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i]!;
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
  return BigInt.asIntN(64, (value << 8n) | BigInt(bytes[at + 8]!));
}
