/** Raw names as text that patterns can be matched with: each byte that is not UTF-8 becomes one lone surrogate, so nothing is lost. */
import { asBuffer } from './native/c-string.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of raw bytes; reversible with `textToPath`. */
export function pathToText(bytes: Uint8Array): string {
  const text = asBuffer(bytes).toString('utf8');
  return text.includes('\ufffd') ? decodeEscaping(bytes) : text;
}

export function textToPath(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(char, 'utf8'));
  }
  return Buffer.concat(parts);
}

function decodeEscaping(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes[i]!);
    const sequence = bytes.subarray(i, i + length);
    const char = decodeOne(sequence, length);
    out += char ?? String.fromCharCode(0xdc00 + bytes[i]!);
    i += char === undefined ? 1 : length;
  }
  return out;
}

function decodeOne(sequence: Uint8Array, length: number): string | undefined {
  if (length === 0 || sequence.length < length) return undefined;
  try {
    return decoder.decode(sequence);
  } catch {
    return undefined;
  }
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xf0) return first < 0xf5 ? 4 : 0;
  if (first >= 0xe0) return 3;
  return first >= 0xc2 ? 2 : 0;
}
