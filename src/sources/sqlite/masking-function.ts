/** A rule of masking as a function that SQLite calls for each value of a column. */
import type { SQLInputValue } from 'node:sqlite';
import { ByteWriter } from '../../kernel/bytes.ts';
import type { ColumnMasker } from '../masking/column-maskers.ts';
import { isNumber } from '../masking/sql-literal.ts';
import { notMasked } from '../masking/value-masker.ts';

type Value = null | bigint | number | string | Uint8Array;

const largest = 2n ** 63n - 1n;
/** Seconds and milliseconds since 1970 are told apart by their size: the year 5138 in the one, 1973 in the other. */
const mostSeconds = 100_000_000_000;
/** Days since the year -4713, as SQLite's julianday() gives them, of dates that are likely. */
const julian = { first: 1_000_000, last: 10_000_000, of1970: 2_440_587.5 };
const dayMs = 86_400_000;
const shortText = 64;

export interface MaskingFunctions {
  /** of a value of any storage class, which stays of its class where that can be */
  value(value: Value): SQLInputValue;
  /**
   * Of a text: the bytes of what it becomes, in UTF-8, of which SQLite makes a text again, for strings would cost more
   * than masking; of columns where only addresses are looked for, NULL when it stays.
   */
  text(value: string): Uint8Array | string | null;
}

/** The functions of one column. `label` names it in errors. */
export function maskingFunctions(masker: ColumnMasker, label: string): MaskingFunctions {
  let input = Buffer.allocUnsafe(1024);
  const output = new ByteWriter();
  const views: Uint8Array[] = [];
  let viewed = output.buffer;

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
  /** What is in the output, until the next value: making a view costs more than keeping it. */
  const written = (): Uint8Array => {
    const { length } = output;
    if (length > shortText) return output.view();
    if (viewed !== output.buffer) {
      viewed = output.buffer;
      views.length = 0;
    }
    return (views[length] ??= output.view());
  };
  const asText = (): string => Buffer.from(output.buffer.buffer, 0, output.length).toString();

  const maskNumber = (value: bigint | number): SQLInputValue => {
    const time = masker.type.family === 'date' ? timeOf(value) : undefined;
    if (!mask(input, write(time?.text ?? String(value)))) return null;
    if (time) {
      const masked = Date.parse(`${asText().replace(' ', 'T')}Z`);
      if (!Number.isNaN(masked)) return time.valueOf(masked);
    }
    return numberOf(asText(), typeof value === 'bigint', isNumber(output.buffer, 0, output.length));
  };

  const text = (value: string): Uint8Array | string | null => {
    // SQLite takes bytes that there are none of for NULL
    if (value.length === 0 && !masker.takesEmpty) return '';
    const length = write(value);
    if (!mask(input, length)) return null;
    if (masker.contentOnly && equalRuns(input, length, output)) return null;
    return output.length === 0 ? '' : written();
  };

  const naming =
    <Given, Result>(run: (value: Given) => Result) =>
    (value: Given): Result => {
      try {
        return run(value);
      } catch (error) {
        throw notMasked('a row', label, error);
      }
    };

  return {
    text: naming(text),
    value: naming((value: Value) => {
      if (value === null) return null;
      if (typeof value === 'bigint' || typeof value === 'number') return maskNumber(value);
      if (typeof value === 'string') {
        const masked = text(value);
        return masked instanceof Uint8Array ? asText() : masked;
      }
      if (value.length === 0 && !masker.takesEmpty) return value;
      return mask(value, value.length) ? Buffer.from(output.view()) : null;
    }),
  };
}

function equalRuns(input: Uint8Array, length: number, output: ByteWriter): boolean {
  if (length !== output.length) return false;
  for (let i = 0; i < length; i++) if (input[i] !== output.buffer[i]) return false;
  return true;
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
