/** The backslash escapes of PostgreSQL's COPY text format, for one value. */
import type { ByteWriter } from '../../kernel/bytes.ts';

const backslash = 0x5c;

/** What the letters b f n r t v mean behind a backslash, and the other way round. */
const meanings = new Uint8Array(256);
const letters = new Uint8Array(256);
for (const [letter, byte] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': backslash })) {
  meanings[letter.charCodeAt(0)] = byte;
  letters[byte] = letter.charCodeAt(0);
}

/** Appends the value that field[start, end) stands for. */
export function readEscaped(field: Uint8Array, start: number, end: number, value: ByteWriter): void {
  const target = value.reserve(end - start);
  let o = value.length;
  for (let i = start; i < end; i++) {
    const byte = field[i]!;
    if (byte !== backslash || i + 1 >= end) {
      target[o++] = byte;
      continue;
    }
    const next = field[++i]!;
    const octal = digitOf(next, 8);
    if (octal >= 0) {
      let code = octal;
      for (let n = 0; n < 2 && i + 1 < end && digitOf(field[i + 1]!, 8) >= 0; n++) {
        code = code * 8 + digitOf(field[++i]!, 8);
      }
      target[o++] = code;
    } else if (next === 0x78 && i + 1 < end && digitOf(field[i + 1]!, 16) >= 0) {
      let code = digitOf(field[++i]!, 16);
      if (i + 1 < end && digitOf(field[i + 1]!, 16) >= 0) code = code * 16 + digitOf(field[++i]!, 16);
      target[o++] = code;
    } else {
      target[o++] = meanings[next] || next;
    }
  }
  value.length = o;
}

/** Appends value[0, length) as a field, escaped as PostgreSQL itself does. */
export function writeEscaped(value: Uint8Array, length: number, output: ByteWriter): void {
  const target = output.reserve(2 * length);
  let o = output.length;
  for (let i = 0; i < length; i++) {
    const byte = value[i]!;
    const letter = letters[byte]!;
    if (letter !== 0) {
      target[o++] = backslash;
      target[o++] = letter;
    } else {
      target[o++] = byte;
    }
  }
  output.length = o;
}

/** The digit in that base, -1 when it is none. */
export function digitOf(byte: number, base: number): number {
  const digit = byte <= 57 ? byte - 48 : (byte | 32) - 87;
  return digit < base && digit >= (byte <= 57 ? 0 : 10) ? digit : -1;
}
