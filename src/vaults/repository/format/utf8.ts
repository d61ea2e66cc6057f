/** UTF-8 by Go's rules: each byte that starts no valid sequence stands alone as one error. */

/** Bytes of the valid sequence at `bytes[at]` (1 to 4), 0 when there is none before `end`. */
export function runeWidth(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  if (at + 1 >= end) return 0;
  const second = bytes[at + 1]!;
  if (first < 0xe0) return isContinuation(second) ? 2 : 0;
  // overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  if (at + 2 >= end || !isContinuation(bytes[at + 2]!)) return 0;
  if (first < 0xf0) return 3;
  return at + 3 < end && isContinuation(bytes[at + 3]!) ? 4 : 0;
}

/** The code point of a valid sequence of `width` bytes. */
export function runeAt(bytes: Uint8Array, at: number, width: number): number {
  const first = bytes[at]!;
  if (width === 1) return first;
  const second = bytes[at + 1]! & 0x3f;
  if (width === 2) return ((first & 0x1f) << 6) | second;
  const third = bytes[at + 2]! & 0x3f;
  if (width === 3) return ((first & 0x0f) << 12) | (second << 6) | third;
  return ((first & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[at + 3]! & 0x3f);
}

/** Writes a code point, U+FFFD for what is none, and returns the index behind it. */
export function putRune(out: Uint8Array, at: number, rune: number): number {
  if (rune < 0x80) {
    out[at] = rune;
    return at + 1;
  }
  if (rune < 0x800) {
    out[at] = 0xc0 | (rune >> 6);
    out[at + 1] = 0x80 | (rune & 0x3f);
    return at + 2;
  }
  if (rune > 0x10ffff || isSurrogate(rune)) return putRune(out, at, 0xfffd);
  if (rune < 0x10000) {
    out[at] = 0xe0 | (rune >> 12);
    out[at + 1] = 0x80 | ((rune >> 6) & 0x3f);
    out[at + 2] = 0x80 | (rune & 0x3f);
    return at + 3;
  }
  out[at] = 0xf0 | (rune >> 18);
  out[at + 1] = 0x80 | ((rune >> 12) & 0x3f);
  out[at + 2] = 0x80 | ((rune >> 6) & 0x3f);
  out[at + 3] = 0x80 | (rune & 0x3f);
  return at + 4;
}

export function isSurrogate(rune: number): boolean {
  return rune >= 0xd800 && rune <= 0xdfff;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
