/** What SQLite makes of a value that is put into a column: https://www.sqlite.org/datatype3.html#type_affinity */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { ByteWriter } from '../../../kernel/bytes.ts';
import { valueTypes, writeInteger, writeReal } from './record-value.ts';

export type Affinity = 'none' | 'text' | 'numeric' | 'real';

/** Of a column of a table, by its declared type. */
export function affinityOf(declared: string): Affinity {
  const type = declared.toUpperCase();
  if (type.includes('INT')) return 'numeric';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'text';
  if (type === '' || type.includes('BLOB')) return 'none';
  return /REAL|FLOA|DOUB/.test(type) ? 'real' : 'numeric';
}

/** Asks SQLite what becomes of the few values that change their kind. */
export interface Casts {
  /** of a text that is a number */
  toNumber(text: string): bigint | number;
  toText(number: bigint | number): string;
}

export function createCasts(database: DatabaseSync): Casts {
  const ask = (type: string): ((value: SQLInputValue) => unknown) => {
    const statement = database.prepare(`select cast(? as ${type}) as value`);
    statement.setReadBigInts(true);
    return (value) => statement.get(value)!['value'];
  };
  return { toNumber: ask('numeric') as Casts['toNumber'], toText: ask('text') as Casts['toText'] };
}

/** Appends a value as the column keeps it, and returns its type. */
export function writeValue(
  value: SQLInputValue,
  affinity: Affinity,
  casts: Casts,
  output: ByteWriter,
): number {
  if (value === null) return valueTypes.null;
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    if (isKeptAsNumber(affinity, bytes, 0, bytes.length))
      return writeNumber(casts.toNumber(value), affinity, output);
    output.writeBytes(bytes);
    return valueTypes.text + 2 * bytes.length;
  }
  if (typeof value !== 'bigint' && typeof value !== 'number') {
    const bytes = value as Uint8Array;
    output.writeBytes(bytes);
    return valueTypes.blob + 2 * bytes.length;
  }
  if (affinity === 'text') return writeValue(casts.toText(value), affinity, casts, output);
  return writeNumber(value, affinity, output);
}

const smallReal = 2n ** 47n;
const integers = { least: -(2 ** 63), end: 2 ** 63 };

function writeNumber(value: bigint | number, affinity: Affinity, output: ByteWriter): number {
  if (typeof value === 'bigint') {
    const asReal = affinity === 'real' && (value >= smallReal || value < -smallReal);
    return asReal ? writeReal(Number(value), output) : writeInteger(value, output);
  }
  if (Number.isNaN(value)) return valueTypes.null;
  const whole = Number.isInteger(value) && value > integers.least && value < integers.end;
  if (affinity === 'none' || !whole) return writeReal(value, output);
  return writeNumber(BigInt(value), affinity, output);
}

/** Whether a column of numbers makes a number of the text bytes[start, end). */
export function isKeptAsNumber(affinity: Affinity, bytes: Uint8Array, start: number, end: number): boolean {
  if (affinity === 'none' || affinity === 'text' || end === start) return false;
  // nearly all texts in such columns are none at all: 2001-02-03 and the like
  for (let i = start, mayHaveSign = true; i < end; i++) {
    const kind = inNumbers[bytes[i]!]!;
    if (kind === 0 || (kind === 2 && !mayHaveSign)) return false;
    mayHaveSign = kind === 3;
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  return /^[\t-\r ]*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?[\t-\r ]*$/i.test(text);
}

/** Bytes that may stand in a number: 2 is a sign, 3 what a sign may follow. */
const inNumbers = new Uint8Array(256);
for (const char of '0123456789.') inNumbers[char.charCodeAt(0)] = 1;
for (const char of '+-') inNumbers[char.charCodeAt(0)] = 2;
for (const char of 'eE \t\n\v\f\r') inNumbers[char.charCodeAt(0)] = 3;
