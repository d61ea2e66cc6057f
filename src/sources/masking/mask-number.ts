/** Numbers shifted by a keyed amount within a bound: they keep their sign, their decimals and their type. */
import type { ByteWriter } from '../../kernel/bytes.ts';
import type { ColumnType } from './column-type.ts';
import type { KeyedFunctions } from './keyed-functions.ts';
import type { NumberBound } from './rule.ts';
import { type ValueMasker, writeUnlike } from './value-masker.ts';

/** Numbers of so many digits are whole in floating point, with room for a shift. */
const exactDigits = 15;
const powers = Array.from({ length: exactDigits + 2 }, (_, i) => 10 ** i);
const point = 0x2e;
const minus = 0x2d;

/**
 * What is no number becomes digits of about the same length; NaN and Infinity stay. Every number but zero moves by one
 * unit of its last digit at least; it never gets more digits than it had, and passes zero in no direction.
 */
export function maskNumber(functions: KeyedFunctions, by: NumberBound, type: ColumnType): ValueMasker {
  const largest = Number(type.maxInteger ?? Infinity);
  return {
    mask(input, start, end, output) {
      functions.hash(input, start, end);
      if (shiftDecimal(input, start, end, functions.digest, by, type, largest, output)) return true;
      const text = Buffer.from(input.buffer, input.byteOffset + start, end - start).toString('latin1');
      const value = text.trim() === '' ? NaN : Number(text);
      if (/^-?(?:nan|infinity)$/i.test(text)) {
        output.writeAscii(text);
      } else if (Number.isFinite(value)) {
        output.writeAscii(String(shiftFloat(value, functions.digest, by)));
      } else {
        writeUnlike(input, start, end, output, (attempt) => {
          functions.hash(input, start, end, attempt);
          const length = Math.min(end - start, exactDigits, type.maxLength ?? exactDigits);
          for (let i = 0; i < length; i++) {
            output.writeByte(49 + (((functions.digest[i & 3]! >>> (8 * (i >>> 2))) & 255) % 9));
          }
        });
      }
      return true;
    },
    plain: true,
  };
}

/** Shifts digits with or without sign and decimals; false when the value is something else. */
function shiftDecimal(
  input: Uint8Array,
  start: number,
  end: number,
  digest: Uint32Array,
  by: NumberBound,
  type: ColumnType,
  largest: number,
  output: ByteWriter,
): boolean {
  const first = input[start] === minus ? start + 1 : start;
  let value = 0;
  let decimals = -1;
  for (let i = first; i < end; i++) {
    const digit = input[i]! - 48;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      if (decimals >= 0) decimals++;
    } else if (input[i] === point && decimals < 0 && i > first && i < end - 1) {
      decimals = 0;
    } else {
      return false;
    }
  }
  const digits = end - first - (decimals >= 0 ? 1 : 0);
  if (digits < 1) return false;
  if (first > start) output.writeByte(minus);
  const scale = Math.max(0, decimals);
  if (digits <= exactDigits) {
    const bound = 'share' in by ? value * by.share : by.amount * powers[scale]!;
    const most = Math.min(powers[digits]! - 1, largest);
    // a share of nothing is nothing
    const shifted = value === 0 && 'share' in by ? 0 : shiftWhole(value, Math.floor(bound), most, digest);
    const least = input[first] === 48 && value >= 1 ? digits : scale + 1;
    writeWhole(shifted, least, decimals, output);
  } else {
    const text = Buffer.from(input.subarray(first, end)).toString('latin1').replace('.', '');
    writeDigits(shiftLong(text, scale, digest, by, type), scale + 1, scale, decimals >= 0, output);
  }
  return true;
}

/** A whole number from 0 to `most`, at most `bound` away, one at least; it is never the same. */
function shiftWhole(value: number, bound: number, most: number, digest: Uint32Array): number {
  const random = digest[0]! * 0x10_0000 + (digest[1]! >>> 12);
  const shift = 1 + (random % Math.max(1, Math.min(bound, 2 ** 52)));
  const up = value + shift;
  const down = value - shift;
  if ((digest[3]! & 1 || down < 0) && up <= most) return up;
  if (down >= 0) return down;
  // neither way is open: anything else below
  return value > 0 ? value - 1 - (shift % value) : Math.min(1, most);
}

/** The same for numbers of any length. */
function shiftLong(
  text: string,
  scale: number,
  digest: Uint32Array,
  by: NumberBound,
  type: ColumnType,
): string {
  const value = BigInt(text);
  const share = 1_000_000_000n;
  const bound =
    'share' in by
      ? (value * BigInt(Math.round(by.share * 1e9))) / share
      : (BigInt(Math.round(by.amount * 1e9)) * 10n ** BigInt(scale)) / share;
  const random = (BigInt(digest[0]!) << 64n) | (BigInt(digest[1]!) << 32n) | BigInt(digest[2]!);
  const shift = 1n + (random % (bound > 0n ? bound : 1n));
  const up = value + shift;
  const fitsUp = String(up).length <= text.length && (type.maxInteger === undefined || up <= type.maxInteger);
  if ((digest[3]! & 1 || shift > value) && fitsUp) return String(up);
  if (shift <= value) return String(value - shift);
  return value > 0n ? String(value - 1n - (shift % value)) : '1';
}

/** Writes a whole number, filled up to `least` digits with zeros, a point before the last `decimals` if these are not -1. */
function writeWhole(value: number, least: number, decimals: number, output: ByteWriter): void {
  let digits = least;
  while (digits < powers.length && value >= powers[digits]!) digits++;
  const length = decimals >= 0 ? digits + 1 : digits;
  const target = output.reserve(length);
  const from = output.length;
  for (let at = from + length - 1, rest = value, left = decimals; at >= from; at--, left--) {
    if (left === 0 && decimals > 0) {
      target[at] = point;
      continue;
    }
    const tenth = Math.floor(rest / 10);
    target[at] = 48 + (rest - 10 * tenth);
    rest = tenth;
  }
  output.length = from + length;
}

/** Writes digits, filled up to `least` of them with zeros on the left, the last ones behind a point. */
function writeDigits(
  text: string,
  least: number,
  scale: number,
  hasPoint: boolean,
  output: ByteWriter,
): void {
  const digits = text.padStart(least, '0');
  output.writeAscii(digits.slice(0, digits.length - scale));
  if (!hasPoint) return;
  output.writeByte(point);
  output.writeAscii(digits.slice(digits.length - scale));
}

function shiftFloat(value: number, digest: Uint32Array, by: NumberBound): number {
  const bound = 'share' in by ? Math.abs(value) * by.share : by.amount;
  const share = (digest[0]! + 1) / 0x1_0000_0000;
  return value + (digest[3]! & 1 ? share : -share) * bound;
}
