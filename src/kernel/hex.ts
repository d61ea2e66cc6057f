/** Hexadecimal text from and to bytes, for ids. */

const digits = new TextEncoder().encode('0123456789abcdef');
const values = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) values[digits[i]!] = i;
for (let i = 10; i < 16; i++) values['ABCDEF'.charCodeAt(i - 10)] = i;

/** Lower-case hex of `bytes[start, end)`. */
export function toHex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('hex');
}

/** Bytes of a hex string of even length; undefined when it is none. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Writes `count` bytes of lower-case hex digits (2 each) into `out` at `at`. */
export function writeHex(out: Uint8Array, at: number, bytes: Uint8Array, start: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const b = bytes[start + i]!;
    out[at + 2 * i] = digits[b >> 4]!;
    out[at + 2 * i + 1] = digits[b & 15]!;
  }
}

/** Reads `count` bytes from hex digits at `text[at]` into `out[outAt]`; false when a digit is none. */
export function readHex(
  text: Uint8Array,
  at: number,
  out: Uint8Array,
  outAt: number,
  count: number,
): boolean {
  let bad = 0;
  for (let i = 0; i < count; i++) {
    const high = values[text[at + 2 * i]!]!;
    const low = values[text[at + 2 * i + 1]!]!;
    bad |= high | low;
    out[outAt + i] = (high << 4) | low;
  }
  return bad >= 0;
}
