/** A growable run of bytes, and the order of byte strings: encoders write here instead of joining strings. */
import { RunCopier } from './run-copier.ts';

export class ByteWriter {
  /** the memory behind; only [0, length) is written */
  buffer: Uint8Array;
  length = 0;
  readonly #copier = new RunCopier();

  constructor(capacity = 4096) {
    this.buffer = new Uint8Array(capacity);
  }

  /** The buffer, grown so that `count` more bytes fit at `length`; valid until the next call that writes. */
  reserve(count: number): Uint8Array {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return this.buffer;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2, 64));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    return grown;
  }

  writeByte(byte: number): void {
    this.reserve(1)[this.length++] = byte;
  }

  /** Little-endian. */
  writeUint32(value: number): void {
    const buffer = this.reserve(4);
    const at = this.length;
    buffer[at] = value;
    buffer[at + 1] = value >>> 8;
    buffer[at + 2] = value >>> 16;
    buffer[at + 3] = value >>> 24;
    this.length += 4;
  }

  writeBytes(bytes: Uint8Array): void {
    const count = bytes.length;
    const buffer = this.reserve(count);
    // a call of set costs more than a short loop
    if (count <= 48) {
      for (let i = 0, at = this.length; i < count; i++) buffer[at++] = bytes[i]!;
    } else {
      buffer.set(bytes, this.length);
    }
    this.length += count;
  }

  /** The bytes source[start, end), without a view of them being made for a few. */
  writeRange(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.#copier.copy(source, start, end, this.reserve(count), this.length);
    this.length += count;
  }

  /** Text of code points below 256, one byte each. */
  writeAscii(text: string): void {
    const count = text.length;
    const buffer = this.reserve(count);
    for (let i = 0, at = this.length; i < count; i++) buffer[at++] = text.charCodeAt(i);
    this.length += count;
  }

  /** What is written, not copied: valid until the next call that writes. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** A copy of what is written; the writer is empty afterwards and keeps its memory. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.buffer.slice(0, this.length);
    this.length = 0;
    return bytes;
  }
}

/** Negative, zero or positive as `a` sorts before, with or after `b` (unsigned bytes, a prefix first). */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A copy in memory of its own. A Buffer's own `slice` is no copy, and a Buffer is a Uint8Array to the compiler. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}
