/**
 * Pseudonyms and phone numbers: other letters and digits in the same form, by a keyed permutation. Two values never
 * become one (of values with more than 2^62 possibilities, with a chance that does not matter), so unique constraints
 * hold; and the same value becomes the same everywhere, whatever the type of its column, so joins hold.
 */
import type { ByteWriter } from '../../kernel/bytes.ts';
import { type KeyedFunctions, scratchSize } from './keyed-functions.ts';
import { writeToken } from './mask-email.ts';
import type { ValueMasker } from './value-masker.ts';

const minus = 0x2d;
const zero = 0x30;
const tokenLength = 16;
const maxInteger = Buffer.from('18446744073709551615');

export interface PseudonymOptions {
  readonly ignoreCase: boolean;
  /** in characters */
  readonly maxLength: number | undefined;
}

/**
 * Whole numbers keep their number of digits and fit into each integer type that they fitted into; UUIDs stay UUIDs;
 * other ASCII text keeps its form; text with other characters becomes letters and digits, 16 if the column has room.
 */
export function maskPseudonym(functions: KeyedFunctions, options: PseudonymOptions): ValueMasker {
  const { scratch } = functions;
  return {
    mask(input, start, end, output) {
      const length = end - start;
      const kind = classify(input, start, end);
      if (kind === 'uuid') {
        functions.hashFolded(input, start, end);
        writeUuid(functions, input, start, output);
      } else if (kind === 'other' || length > scratchSize) {
        if (options.ignoreCase) functions.hashFolded(input, start, end);
        else functions.hash(input, start, end);
        const size = Math.min(tokenLength, options.maxLength ?? tokenLength);
        writeToken(functions.digest, size, output.reserve(size), output.length);
        output.length += size;
      } else {
        functions.load(input, start, end);
        if (kind === 'integer') permuteInteger(functions, length);
        else {
          if (options.ignoreCase) lower(scratch, length);
          functions.permuteShape(length);
        }
        output.writeRange(scratch, 0, length);
      }
      return true;
    },
    // punctuation stays, quotes and backslashes as well
    plain: false,
  };
}

/** Binary values of the same length. */
export function maskBinaryPseudonym(functions: KeyedFunctions): ValueMasker {
  const { scratch } = functions;
  return {
    mask(input, start, end, output) {
      const length = end - start;
      if (length <= 7) {
        functions.load(input, start, end);
        functions.permuteBytes(length);
        output.writeRange(scratch, 0, length);
        return true;
      }
      functions.hash(input, start, end);
      functions.expand(Math.min(length, scratchSize));
      for (let left = length; left > 0; left -= scratchSize) {
        output.writeRange(scratch, 0, Math.min(left, scratchSize));
      }
      return true;
    },
    plain: false,
  };
}

/** Phone numbers in the same form; `prefix` replaces the first digits. What is no phone number becomes ten digits. */
export function maskPhone(
  functions: KeyedFunctions,
  prefix: string,
  maxLength: number | undefined,
): ValueMasker {
  const { scratch } = functions;
  const prefixDigits = Buffer.from(prefix);
  return {
    mask(input, start, end, output) {
      let length = end - start;
      if (isPhone(input, start, end)) {
        functions.load(input, start, end);
        functions.permuteShape(length);
      } else {
        functions.hash(input, start, end);
        length = Math.min(10, maxLength ?? 10);
        functions.expand(length);
        for (let i = 0; i < length; i++) scratch[i] = zero + (scratch[i]! % 10);
      }
      for (let i = 0, used = 0; i < length && used < prefixDigits.length; i++) {
        if (isDigit(scratch[i]!)) scratch[i] = prefixDigits[used++]!;
      }
      output.writeRange(scratch, 0, length);
      return true;
    },
    plain: true,
  };
}

function classify(input: Uint8Array, start: number, end: number): 'integer' | 'uuid' | 'ascii' | 'other' {
  const first = input[start] === minus ? start + 1 : start;
  let digits = true;
  for (let at = start; at < end; at++) {
    const byte = input[at]!;
    if (byte >= 0x80) return 'other';
    digits &&= isDigit(byte) || at < first;
  }
  if (digits && end > first) return fitsInteger(input, first, end) ? 'integer' : 'ascii';
  return end - start === 36 && isUuid(input, start) ? 'uuid' : 'ascii';
}

/** True when the digits, without leading zeros, are below 2^64. */
function fitsInteger(input: Uint8Array, start: number, end: number): boolean {
  let first = start;
  while (first < end - 1 && input[first] === zero) first++;
  const length = end - first;
  if (length !== maxInteger.length) return length < maxInteger.length;
  for (let i = 0; i < length; i++) {
    const difference = input[first + i]! - maxInteger[i]!;
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/** Leading zeros stay, so that what begins with one never becomes what does not. */
function permuteInteger(functions: KeyedFunctions, length: number): void {
  const { scratch } = functions;
  const negative = scratch[0] === minus;
  let first = negative ? 1 : 0;
  while (first < length - 1 && scratch[first] === zero) first++;
  functions.permuteInteger(first, length - first, negative);
}

function isUuid(input: Uint8Array, start: number): boolean {
  for (let i = 0; i < 36; i++) {
    const byte = input[start + i]!;
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (byte !== minus) return false;
    } else if (!isDigit(byte) && ((byte | 32) < 97 || (byte | 32) > 102)) {
      return false;
    }
  }
  return true;
}

const hexDigits = Buffer.from('0123456789abcdef');

/** 120 bits of the digest in the form of the UUID at `start`: version and variant stay, and capitals. */
function writeUuid(functions: KeyedFunctions, input: Uint8Array, start: number, output: ByteWriter): void {
  let capitals = false;
  for (let i = 0; i < 36; i++) capitals ||= input[start + i]! >= 65 && input[start + i]! <= 70;
  const target = output.reserve(36);
  for (let i = 0, used = 0; i < 36; i++) {
    const byte = input[start + i]!;
    let masked = byte;
    if (byte !== minus) {
      const digit = hexDigits[(functions.digest[used >>> 3]! >>> (4 * (used & 7))) & 15]!;
      used++;
      if (i !== 14 && i !== 19) masked = capitals && digit > 57 ? digit - 32 : digit;
    }
    target[output.length + i] = masked;
  }
  output.length += 36;
}

function isPhone(input: Uint8Array, start: number, end: number): boolean {
  if (end - start > 40) return false;
  let digits = 0;
  for (let at = start; at < end; at++) {
    const kind = inPhones[input[at]!]!;
    if (kind === 0) return false;
    digits += kind - 1;
  }
  return digits > 0;
}

/** Bytes that may stand in a phone number: 2 is a digit. */
const inPhones = new Uint8Array(256);
for (const char of ' ()+-./') inPhones[char.charCodeAt(0)] = 1;
inPhones.fill(2, zero, zero + 10);

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= 57;
}

function lower(bytes: Uint8Array, length: number): void {
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!;
    if (byte >= 65 && byte <= 90) bytes[i] = byte + 32;
  }
}
