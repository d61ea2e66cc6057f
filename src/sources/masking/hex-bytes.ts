/** Binary values as dumps write them: hexadecimal digits. */
import type { ByteWriter } from '../../kernel/bytes.ts';
import { digitOf } from './copy-escapes.ts';

const digits = Buffer.from('0123456789abcdef');

/** Appends the bytes of text[start, end); false, and nothing is appended, when these are not pairs of hexadecimal digits. */
export function readHex(text: Uint8Array, start: number, end: number, bytes: ByteWriter): boolean {
  if ((end - start) % 2 !== 0) return false;
  const target = bytes.reserve((end - start) / 2);
  let o = bytes.length;
  for (let i = start; i < end; i += 2) {
    const high = digitOf(text[i]!, 16);
    const low = digitOf(text[i + 1]!, 16);
    if (high < 0 || low < 0) return false;
    target[o++] = 16 * high + low;
  }
  bytes.length = o;
  return true;
}

/** Appends two digits for each byte of bytes[0, length). */
export function writeHex(bytes: Uint8Array, length: number, text: ByteWriter): void {
  const target = text.reserve(2 * length);
  for (let i = 0, o = text.length; i < length; i++) {
    target[o++] = digits[bytes[i]! >>> 4]!;
    target[o++] = digits[bytes[i]! & 15]!;
  }
  text.length += 2 * length;
}
