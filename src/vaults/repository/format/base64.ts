/** Standard base64 with padding, byte to byte, as Go writes and reads it in JSON. */
import type { ByteWriter } from '../../../kernel/bytes.ts';

const alphabet = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const values = new Int8Array(256).fill(-1);
for (const [value, byte] of alphabet.entries()) values[byte] = value;
const padding = 0x3d;

/** Writes the base64 of `bytes`, without quotes. */
export function writeBase64(w: ByteWriter, bytes: Uint8Array): void {
  const buffer = w.reserve(Math.ceil(bytes.length / 3) * 4);
  let at = w.length;
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = (bytes[i]! << 16) | ((left > 1 ? bytes[i + 1]! : 0) << 8) | (left > 2 ? bytes[i + 2]! : 0);
    buffer[at++] = alphabet[group >> 18]!;
    buffer[at++] = alphabet[(group >> 12) & 63]!;
    buffer[at++] = left > 1 ? alphabet[(group >> 6) & 63]! : padding;
    buffer[at++] = left > 2 ? alphabet[group & 63]! : padding;
  }
  w.length = at;
}

/** The bytes of base64 text; undefined when it is not well-formed. Line ends within are ignored. */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(Math.ceil(text.length / 4) * 3);
  let at = 0;
  let group = 0;
  let digits = 0;
  let padded = 0;
  for (const byte of text) {
    if (byte === 0x0a || byte === 0x0d) continue;
    if (byte === padding) {
      padded++;
      continue;
    }
    const value = values[byte]!;
    if (value < 0 || padded > 0) return undefined;
    group = (group << 6) | value;
    if (++digits === 4) {
      out[at++] = group >> 16;
      out[at++] = group >> 8;
      out[at++] = group;
      group = 0;
      digits = 0;
    }
  }
  if (digits === 0) return padded === 0 ? out.slice(0, at) : undefined;
  if (digits === 1 || digits + padded !== 4) return undefined;
  group <<= 6 * (4 - digits);
  out[at++] = group >> 16;
  if (digits === 3) out[at++] = group >> 8;
  return out.slice(0, at);
}
