/** JSON strings and numbers as Go's encoding/json writes them: its escapes decide the hash of a tree. */
import { isUtf8 } from 'node:buffer';
import type { ByteWriter } from '../../../kernel/bytes.ts';
import { isSurrogate, putRune, runeAt, runeWidth } from './utf8.ts';

const quote = 0x22;
const backslash = 0x5c;
const hexDigits = new TextEncoder().encode('0123456789abcdef');

/** 1 for the bytes that stand for themselves in a JSON string of Go's: ASCII but controls, quote, backslash, < > & */
export const plainInJson = new Uint8Array(256);
for (let byte = 0x20; byte < 0x80; byte++) plainInJson[byte] = 1;
for (const special of '"\\<>&') plainInJson[special.charCodeAt(0)] = 0;

/** the second character of a two-character escape in JSON */
const shortEscapes = new Map([
  [quote, quote],
  [backslash, backslash],
  [0x08, 0x62],
  [0x0c, 0x66],
  [0x0a, 0x6e],
  [0x0d, 0x72],
  [0x09, 0x74],
]);
const shortUnescapes = new Map([...shortEscapes].map(([byte, letter]) => [letter, byte]));
shortUnescapes.set(0x2f, 0x2f);

/** Writes `"text"`; a surrogate without its partner becomes U+FFFD. */
export function writeJsonString(w: ByteWriter, text: string): void {
  const count = text.length;
  const buffer = w.reserve(count + 2);
  let at = w.length;
  buffer[at++] = quote;
  for (let i = 0; i < count; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f || plainInJson[unit] === 0) {
      writeJsonBytes(w, Buffer.from(text, 'utf8'));
      return;
    }
    buffer[at++] = unit;
  }
  buffer[at++] = quote;
  w.length = at;
}

/** Writes raw bytes as a JSON string; every byte that is no UTF-8 becomes the six characters \ufffd. */
export function writeJsonBytes(w: ByteWriter, bytes: Uint8Array): void {
  const end = bytes.length;
  const buffer = w.reserve(end * 6 + 2);
  let at = w.length;
  buffer[at++] = quote;
  for (let i = 0; i < end;) {
    const byte = bytes[i]!;
    if (plainInJson[byte] === 1) {
      buffer[at++] = byte;
      i++;
    } else if (byte < 0x80) {
      at = putEscape(buffer, at, byte);
      i++;
    } else {
      const width = runeWidth(bytes, i, end);
      const rune = width === 0 ? 0xfffd : runeAt(bytes, i, width);
      if (width === 0 || rune === 0x2028 || rune === 0x2029) {
        at = putUnicodeEscape(buffer, at, rune);
      } else {
        for (let k = 0; k < width; k++) buffer[at++] = bytes[i + k]!;
      }
      i += width || 1;
    }
  }
  buffer[at++] = quote;
  w.length = at;
}

/** Puts the JSON escape of an ASCII byte that may not stand for itself; at most 6 bytes. */
export function putEscape(buffer: Uint8Array, at: number, byte: number): number {
  const letter = shortEscapes.get(byte);
  if (letter === undefined) return putUnicodeEscape(buffer, at, byte);
  buffer[at] = backslash;
  buffer[at + 1] = letter;
  return at + 2;
}

function putUnicodeEscape(buffer: Uint8Array, at: number, unit: number): number {
  buffer[at] = backslash;
  buffer[at + 1] = 0x75;
  return putHex(buffer, at + 2, unit, 4);
}

/** Puts `count` lower-case hex digits. */
export function putHex(buffer: Uint8Array, at: number, value: number, count: number): number {
  for (let i = count - 1; i >= 0; i--) {
    buffer[at + i] = hexDigits[value & 15]!;
    value >>>= 4;
  }
  return at + count;
}

/**
 * The UTF-8 bytes that the inside of a JSON string, `bytes[start, end)`, stands for, as Go reads it: what is no UTF-8
 * and surrogates without partner become U+FFFD. Undefined when there is a raw control character or a bad escape.
 */
export function unescapeJson(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  // U+FFFD is longer than the one byte it may stand for
  const out = new Uint8Array(isUtf8(bytes.subarray(start, end)) ? end - start : (end - start) * 3);
  let at = 0;
  for (let i = start; i < end;) {
    const byte = bytes[i]!;
    if (byte < 0x20 || byte === quote) return undefined;
    if (byte !== backslash) {
      const width = runeWidth(bytes, i, end);
      at = putRune(out, at, width === 0 ? 0xfffd : runeAt(bytes, i, width));
      i += width || 1;
      continue;
    }
    const letter = i + 1 < end ? bytes[i + 1]! : 0;
    if (letter !== 0x75) {
      const plain = shortUnescapes.get(letter);
      if (plain === undefined) return undefined;
      out[at++] = plain;
      i += 2;
      continue;
    }
    let rune = hexAt(bytes, i + 2, 4, end);
    if (rune < 0) return undefined;
    i += 6;
    if (isSurrogate(rune)) {
      const low = bytes[i] === backslash && bytes[i + 1] === 0x75 ? hexAt(bytes, i + 2, 4, end) : -1;
      if (rune < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
        rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
        i += 6;
      } else {
        rune = 0xfffd;
      }
    }
    at = putRune(out, at, rune);
  }
  return out.slice(0, at);
}

/** The value of `count` hex digits at `bytes[at]`, -1 when one is none or `end` comes first. */
export function hexAt(bytes: Uint8Array, at: number, count: number, end: number): number {
  if (at + count > end) return -1;
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const byte = bytes[i]!;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57;
    else return -1;
  }
  return value;
}

/** Writes a whole number from 0 to 2^53 - 1 in decimal. */
export function writeUint(w: ByteWriter, value: number): void {
  if (value > 0x7fffffff) {
    w.writeAscii(String(value));
    return;
  }
  const buffer = w.reserve(10);
  let count = 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) count++;
  for (let at = w.length + count - 1, rest = value; at >= w.length; at--) {
    const tenth = (rest / 10) | 0;
    buffer[at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  w.length += count;
}

/** Writes an unsigned 64-bit number in decimal. */
export function writeBigUint(w: ByteWriter, value: bigint): void {
  if (value <= 0x7fffffffn) writeUint(w, Number(value));
  else w.writeAscii(value.toString());
}
