/** Dates and times shifted by a keyed span within a bound, in the form in which they came. */
import { civilDate, daysFromCivil } from '../../kernel/civil-date.ts';
import type { ByteWriter } from '../../kernel/bytes.ts';
import type { KeyedFunctions } from './keyed-functions.ts';
import type { ValueMasker } from './value-masker.ts';

const day = 86_400;
/** The span of `timestamp` in MySQL, in seconds: what lies in it stays in it, as long as one way does. */
const firstSecond = day;
const lastSecond = 2 ** 31 - 1 - day;
const yearOne = daysFromCivil(1, 1, 1) * day;
const yearTenThousand = daysFromCivil(10_000, 1, 1) * day;

const nothing = /^(?:-?infinity|0000-00-00.*)$/;
const behindTime = /^(?:\.\d{1,9})?(?:[-+]\d\d(?::?\d\d){0,2}|Z| ?UTC)?$/;

/** `YYYY-MM-DD`, with a time behind a space or a T, a fraction and a zone. Anything else becomes a date between 1970 and 2010; infinity and 0000-00-00 stay. */
export function maskDate(functions: KeyedFunctions, seconds: number): ValueMasker {
  return {
    mask(input, start, end, output) {
      functions.hash(input, start, end);
      if (shiftDate(input, start, end, functions.digest, seconds, output)) return true;
      const text = Buffer.from(input.buffer, input.byteOffset + start, end - start).toString('latin1');
      if (nothing.test(text)) output.writeAscii(text);
      else writeDate((functions.digest[0]! % (40 * 365)) * day, output);
      return true;
    },
    plain: true,
  };
}

/** False, and nothing is appended, when the value is in no form that it knows. */
function shiftDate(
  input: Uint8Array,
  start: number,
  end: number,
  digest: Uint32Array,
  seconds: number,
  output: ByteWriter,
): boolean {
  const year = number(input, start, 4);
  const month = number(input, start + 5, 2);
  const date = number(input, start + 8, 2);
  const length = end - start;
  if (length < 10 || input[start + 4] !== 0x2d || input[start + 7] !== 0x2d) return false;
  if (!(year >= 1 && month >= 1 && month <= 12 && date >= 1 && date <= 31)) return false;
  let before = daysFromCivil(year, month, date) * day;
  let unit = day;
  if (length > 10) {
    const separator = input[start + 10];
    const hour = number(input, start + 11, 2);
    const minute = number(input, start + 14, 2);
    const second = number(input, start + 17, 2);
    if (length < 19 || (separator !== 0x20 && separator !== 0x54)) return false;
    if (input[start + 13] !== 0x3a || input[start + 16] !== 0x3a) return false;
    if (!(hour <= 24 && minute < 60 && second <= 60)) return false;
    if (length > 19 && !isBehindTime(input, start + 19, end)) return false;
    before += hour * 3600 + minute * 60 + second;
    unit = 1;
  }
  const shift =
    unit * (1 + (digest[0]! % Math.max(1, Math.floor(seconds / unit)))) * (digest[3]! & 1 ? 1 : -1);
  const after = fitsAs(before, before + shift) ? before + shift : before - shift;
  writeDate(after, output);
  if (unit === 1) writeTime(input, start + 10, end, after, digest[1]!, output);
  return true;
}

/** A fraction and a zone. Those that PostgreSQL writes, +02 and +00, are told without a text being made. */
function isBehindTime(input: Uint8Array, start: number, end: number): boolean {
  let i = start;
  if (input[i] === 0x2e) for (i++; i < end && isDigit(input[i]!);) i++;
  if (i === end || (end - i === 3 && isSign(input[i]!) && isDigit(input[i + 1]!) && isDigit(input[i + 2]!))) {
    return i - start !== 1 && i - start <= 10;
  }
  return behindTime.test(Buffer.from(input.buffer, input.byteOffset + start, end - start).toString('latin1'));
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function isSign(byte: number): boolean {
  return byte === 0x2b || byte === 0x2d;
}

/** The decimal number of so many digits, NaN when these are not digits. */
function number(input: Uint8Array, start: number, length: number): number {
  let value = 0;
  for (let i = start; i < start + length; i++) {
    const digit = input[i]! - 48;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

function fitsAs(before: number, after: number): boolean {
  if (after < yearOne || after >= yearTenThousand) return false;
  return before < firstSecond || before > lastSecond || (after >= firstSecond && after <= lastSecond);
}

function writeDate(seconds: number, output: ByteWriter): void {
  const date = civilDate(Math.floor(seconds / day));
  writeNumber(date.year, 4, output);
  output.writeByte(0x2d);
  writeNumber(date.month, 2, output);
  output.writeByte(0x2d);
  writeNumber(date.day, 2, output);
}

/** The time of day in the form of input[start, end); the digits behind the second tell as much as itself, and change. */
function writeTime(
  input: Uint8Array,
  start: number,
  end: number,
  seconds: number,
  bits: number,
  output: ByteWriter,
): void {
  const time = seconds - Math.floor(seconds / day) * day;
  output.writeByte(input[start]!);
  writeNumber(Math.floor(time / 3600), 2, output);
  output.writeByte(0x3a);
  writeNumber(Math.floor(time / 60) % 60, 2, output);
  output.writeByte(0x3a);
  writeNumber(time % 60, 2, output);
  let i = start + 9;
  if (i < end && input[i] === 0x2e) {
    output.writeByte(input[i++]!);
    for (let rest = bits; i < end && input[i]! >= 48 && input[i]! <= 57; i++, rest = Math.floor(rest / 10)) {
      output.writeByte(48 + (rest % 10));
    }
  }
  while (i < end) output.writeByte(input[i++]!);
}

function writeNumber(value: number, digits: number, output: ByteWriter): void {
  const target = output.reserve(digits);
  for (
    let at = output.length + digits - 1, rest = value;
    at >= output.length;
    at--, rest = Math.floor(rest / 10)
  ) {
    target[at] = 48 + (rest % 10);
  }
  output.length += digits;
}
