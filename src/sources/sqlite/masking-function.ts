/** A rule of masking as a function that SQLite calls for each value of a column. */
import type { SQLInputValue } from 'node:sqlite';
import { ByteWriter } from '../../kernel/bytes.ts';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { ColumnMasker } from '../masking/column-maskers.ts';
import { isNumber } from '../masking/sql-literal.ts';

type Value = null | bigint | number | string | Uint8Array;

const largest = 2n ** 63n - 1n;
/** Seconds and milliseconds since 1970 are told apart by their size: the year 5138 in the one, 1973 in the other. */
const mostSeconds = 100_000_000_000;
/** Days since the year -4713, as SQLite's julianday() gives them, of dates that are likely. */
const julian = { first: 1_000_000, last: 10_000_000, of1970: 2_440_587.5 };
const dayMs = 86_400_000;
const shortText = 64;

/**
 * Answers what becomes of a value, of the same storage class where that can be; of columns where only addresses are
 * looked for, NULL when it stays. `label` names the column in errors of the code `corrupt`.
 */
export function maskingFunction(masker: ColumnMasker, label: string): (value: Value) => SQLInputValue {
  let input = Buffer.allocUnsafe(1024);
  const output = new ByteWriter();

  const write = (text: string): number => {
    const { length } = text;
    if (3 * length > input.length) input = Buffer.allocUnsafe(Math.max(3 * length, 2 * input.length));
    // a call into C++ costs more than a short loop
    if (length > shortText) return input.write(text);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return input.write(text);
      input[i] = code;
    }
    return length;
  };
  /** Whether it stays anything but NULL; what it becomes is in the output. */
  const mask = (bytes: Uint8Array, length: number): boolean => {
    output.length = 0;
    return masker.mask(bytes, 0, length, output);
  };
  let view: Buffer = Buffer.alloc(0);
  const text = (): string => {
    if (view.buffer !== output.buffer.buffer) view = Buffer.from(output.buffer.buffer);
    return view.toString(masker.plain ? 'latin1' : 'utf8', 0, output.length);
  };

  const maskNumber = (value: bigint | number): SQLInputValue => {
    const time = masker.type.family === 'date' ? timeOf(value) : undefined;
    if (!mask(input, write(time?.text ?? String(value)))) return null;
    if (time) {
      const masked = Date.parse(`${text().replace(' ', 'T')}Z`);
      if (!Number.isNaN(masked)) return time.valueOf(masked);
    }
    return numberOf(text(), typeof value === 'bigint', isNumber(output.buffer, 0, output.length));
  };

  return (value) => {
    try {
      if (value === null) return null;
      if (typeof value === 'bigint' || typeof value === 'number') return maskNumber(value);
      if (value.length === 0 && !masker.takesEmpty) return value;
      if (typeof value === 'string') {
        if (!mask(input, write(value))) return null;
        const masked = text();
        return masker.contentOnly && masked === value ? null : masked;
      }
      return mask(value, value.length) ? Buffer.from(output.view()) : null;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      throw new HoldfastError(
        'corrupt',
        `a row has in column ${label} what its rule cannot mask: ${messageOf(error)}`,
        { cause: error },
      );
    }
  };
}

interface NumberedTime {
  /** as rules read it */
  readonly text: string;
  /** the number of another time, in milliseconds since 1970, in the same unit */
  valueOf(time: number): bigint | number;
}

/** Undefined for no time of the years that rules know. */
function timeOf(value: bigint | number): NumberedTime | undefined {
  const number = Number(value);
  const isWhole = typeof value === 'bigint';
  const whole = (time: number): bigint | number => (isWhole ? BigInt(Math.floor(time)) : time);
  if (!isWhole && number > julian.first && number < julian.last) {
    return numbered((number - julian.of1970) * dayMs, 23, (time) => time / dayMs + julian.of1970);
  }
  if (Math.abs(number) < mostSeconds) {
    return numbered(number * 1000, isWhole ? 19 : 23, (time) => whole(time / 1000));
  }
  return numbered(number, 23, whole);
}

function numbered(time: number, length: number, valueOf: NumberedTime['valueOf']): NumberedTime | undefined {
  const date = new Date(Math.round(time));
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) return undefined;
  // the fraction of a second tells as much as the time itself
  return { text: date.toISOString().slice(0, length).replace('T', ' '), valueOf };
}

function numberOf(text: string, wasInteger: boolean, looksNumeric: boolean): SQLInputValue {
  if (!wasInteger) {
    const number = Number(text);
    return text.trim() === '' || Number.isNaN(number) ? text : number;
  }
  if (!looksNumeric) return text;
  if (text.includes('.')) return Number(text);
  const integer = BigInt(text);
  return integer > largest || integer < -largest ? text : integer;
}
