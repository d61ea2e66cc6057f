/** Names in a tree: strconv.Quote of the raw bytes without the outer quotes, and then a JSON string of that. */
import type { ByteWriter } from '../../../kernel/bytes.ts';
import { hexAt, plainInJson, putEscape, putHex } from './go-json.ts';
import { isPrintable } from './go-printable.ts';
import { isSurrogate, putRune, runeAt, runeWidth } from './utf8.ts';

const quote = 0x22;
const backslash = 0x5c;

/** letters of Go's one-letter escapes */
const letters = new Map([
  [0x07, 0x61],
  [0x08, 0x62],
  [0x0c, 0x66],
  [0x0a, 0x6e],
  [0x0d, 0x72],
  [0x09, 0x74],
  [0x0b, 0x76],
]);
const unletters = new Map([...letters].map(([byte, letter]) => [letter, byte]));
unletters.set(backslash, backslash);
unletters.set(quote, quote);

/** Writes the JSON string of the Go-quoted `name`. */
export function writeQuotedName(w: ByteWriter, name: Uint8Array): void {
  const end = name.length;
  // the longest forms: \\xNN for a byte, \\UNNNNNNNN for a sequence of four
  const buffer = w.reserve(end * 6 + 2);
  let at = w.length;
  buffer[at++] = quote;
  for (let i = 0; i < end;) {
    const byte = name[i]!;
    if (byte < 0x7f) {
      at = plainInJson[byte] === 1 ? putByte(buffer, at, byte) : putAscii(buffer, at, byte);
      i++;
      continue;
    }
    const width = runeWidth(name, i, end);
    const rune = width === 0 ? 0 : runeAt(name, i, width);
    if (width === 0 || rune === 0x7f) {
      at = putCode(buffer, at, 0x78, byte, 2);
    } else if (isPrintable(rune)) {
      for (let k = 0; k < width; k++) buffer[at++] = name[i + k]!;
    } else if (rune < 0x10000) {
      at = putCode(buffer, at, 0x75, rune, 4);
    } else {
      at = putCode(buffer, at, 0x55, rune, 8);
    }
    i += width || 1;
  }
  buffer[at++] = quote;
  w.length = at;
}

/** An ASCII byte that JSON, Go's quoting or both do not leave alone. */
function putAscii(buffer: Uint8Array, at: number, byte: number): number {
  if (byte === quote || byte === backslash) {
    at = putEscape(buffer, at, backslash);
    return putEscape(buffer, at, byte);
  }
  if (byte >= 0x20) return putEscape(buffer, at, byte);
  const letter = letters.get(byte);
  if (letter === undefined) return putCode(buffer, at, 0x78, byte, 2);
  at = putEscape(buffer, at, backslash);
  return putByte(buffer, at, letter);
}

/** \\xNN, \\uNNNN or \\UNNNNNNNN: the backslash is itself escaped in JSON. */
function putCode(buffer: Uint8Array, at: number, letter: number, value: number, digits: number): number {
  at = putEscape(buffer, at, backslash);
  buffer[at] = letter;
  return putHex(buffer, at + 1, value, digits);
}

function putByte(buffer: Uint8Array, at: number, byte: number): number {
  buffer[at] = byte;
  return at + 1;
}

/** The raw bytes of Go-quoted text without its outer quotes; undefined when it is not well-formed. */
export function unquoteName(text: Uint8Array): Uint8Array | undefined {
  const end = text.length;
  const out = new Uint8Array(end);
  let at = 0;
  for (let i = 0; i < end;) {
    const byte = text[i]!;
    if (byte === quote || byte === 0x0a) return undefined;
    if (byte !== backslash) {
      out[at++] = byte;
      i++;
      continue;
    }
    const letter = i + 1 < end ? text[i + 1]! : 0;
    const plain = unletters.get(letter);
    if (plain !== undefined) {
      out[at++] = plain;
      i += 2;
    } else if (letter === 0x78) {
      const value = hexAt(text, i + 2, 2, end);
      if (value < 0) return undefined;
      out[at++] = value;
      i += 4;
    } else if (letter === 0x75 || letter === 0x55) {
      const digits = letter === 0x75 ? 4 : 8;
      const rune = hexAt(text, i + 2, digits, end);
      if (rune < 0 || rune > 0x10ffff || isSurrogate(rune)) return undefined;
      at = putRune(out, at, rune);
      i += 2 + digits;
    } else {
      const value = octalAt(text, i + 1, end);
      if (value < 0) return undefined;
      out[at++] = value;
      i += 4;
    }
  }
  return out.slice(0, at);
}

function octalAt(text: Uint8Array, at: number, end: number): number {
  if (at + 3 > end) return -1;
  let value = 0;
  for (let i = at; i < at + 3; i++) {
    const digit = text[i]! - 0x30;
    if (digit < 0 || digit > 7) return -1;
    value = value * 8 + digit;
  }
  return value > 255 ? -1 : value;
}
