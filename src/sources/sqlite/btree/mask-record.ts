/** Masks the record of a row: what is masked is written anew, all else is copied as it stands. */
import type { SQLInputValue } from 'node:sqlite';
import { ByteWriter } from '../../../kernel/bytes.ts';
import { HoldfastError } from '../../../kernel/errors.ts';
import type { ColumnMasker } from '../../masking/column-maskers.ts';
import { notMasked } from '../../masking/value-masker.ts';
import { maskingFunctions } from '../masking-function.ts';
import { type Affinity, type Casts, isKeptAsNumber, writeValue } from './affinity.ts';
import { isBlob, isText, readNumber, valueLength, valueTypes } from './record-value.ts';
import { readVarint, varintEnd, varintLength, writeVarint } from './varint.ts';

/** A column as records have it: one after the other, none of them generated. */
export interface RecordColumn {
  /** `table.column`, as errors name it */
  readonly label: string;
  readonly affinity: Affinity;
  readonly masker: ColumnMasker | undefined;
}

/**
 * Appends what becomes of the record bytes[start, end). `missing`: what the columns from one on have in rows that were
 * there before these columns. Code `corrupt` for what is no record.
 */
export type RecordMasker = (
  bytes: Uint8Array,
  start: number,
  end: number,
  missing: (from: number) => readonly SQLInputValue[],
  output: ByteWriter,
) => void;

const at = 0x40;

export function createRecordMasker(
  table: string,
  columns: readonly RecordColumn[],
  casts: Casts,
): RecordMasker {
  const maskers = columns.map((column) => column.masker && createMasker(column, column.masker, casts));
  const types = columns.map(() => 0);
  const late = new ByteWriter();

  /** Appends the values of the columns that the record ends before. */
  const writeMissing = (values: readonly SQLInputValue[], first: number, output: ByteWriter): void => {
    for (const [i, value] of values.entries()) {
      late.length = 0;
      const type = writeValue(value, 'none', casts, late);
      const mask = maskers[first + i] ?? copyValue;
      types[first + i] = mask(type, late.buffer, 0, late.length, output);
    }
  };

  return (bytes, start, end, missing, output) => {
    const headEnd = start + readVarint(bytes, start);
    if (headEnd > end) throw damagedRow(table);
    // most masked rows have a head of the same length
    const from = output.length;
    const expected = headEnd - start;
    output.reserve(expected);
    output.length += expected;
    let value = headEnd;
    let copied = headEnd;
    let column = 0;
    for (let head = varintEnd(bytes, start); head < headEnd && column < maskers.length; column++) {
      let type = bytes[head]!;
      if (type < 0x80) head++;
      else {
        type = readVarint(bytes, head);
        head = varintEnd(bytes, head);
      }
      const next = value + valueLength(type);
      if (next > end || head > headEnd) throw damagedRow(table);
      const mask = maskers[column];
      if (mask === undefined) types[column] = type;
      else {
        if (value > copied) output.writeRange(bytes, copied, value);
        types[column] = mask(type, bytes, value, next, output);
        copied = next;
      }
      value = next;
    }
    if (value > copied) output.writeRange(bytes, copied, value);
    if (column < maskers.length) writeMissing(missing(column), column, output);
    writeHead(types, from, expected, output);
  };
}

/** Writes the head of the record at `from`, for which so many bytes are there; what stands behind it may move. */
function writeHead(types: readonly number[], from: number, expected: number, output: ByteWriter): void {
  const count = types.length;
  if (expected === count + 1 && expected < 0x80) {
    const target = output.buffer;
    target[from] = expected;
    let place = from + 1;
    for (let i = 0; i < count; i++) {
      const type = types[i]!;
      if (type >= 0x80) break;
      target[place++] = type;
    }
    if (place === from + expected) return;
  }
  let length = types.reduce((sum, type) => sum + varintLength(type), 0);
  // its own length is part of it
  length += length < 127 ? 1 : varintLength(length + 2);
  if (length !== expected) {
    output.reserve(Math.max(0, length - expected)).copyWithin(from + length, from + expected, output.length);
    output.length += length - expected;
  }
  const target = output.buffer;
  let place = writeVarint(target, from, length);
  for (const type of types) place = writeVarint(target, place, type);
}

/** Appends what becomes of a value bytes[start, end), and returns its type. */
type ValueWriter = (
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  output: ByteWriter,
) => number;

const copyValue: ValueWriter = (type, bytes, start, end, output) => {
  output.writeRange(bytes, start, end);
  return type;
};

function createMasker({ label, affinity }: RecordColumn, masker: ColumnMasker, casts: Casts): ValueWriter {
  const { contentOnly, takesEmpty } = masker;
  const numbers = maskingFunctions(masker, label);
  const isNumeric = affinity === 'numeric' || affinity === 'real';

  const maskNumber: ValueWriter = (type, bytes, start, _, output) => {
    const number = readNumber(type, bytes, start);
    if (number === null) throw damagedRow(label);
    return writeValue(numbers.value(number), affinity, casts, output);
  };

  return (type, bytes, start, end, output) => {
    if (type === valueTypes.null) return type;
    if (contentOnly && !(isText(type) && hasSign(bytes, start, end)))
      return copyValue(type, bytes, start, end, output);
    if (type < valueTypes.blob) return maskNumber(type, bytes, start, end, output);
    if (start === end && !takesEmpty) return type;
    const from = output.length;
    let kept: boolean;
    try {
      kept = masker.mask(bytes, start, end, output);
    } catch (error) {
      throw notMasked('a row', label, error);
    }
    if (!kept) return valueTypes.null;
    if (isNumeric && isText(type) && isKeptAsNumber(affinity, output.buffer, from, output.length)) {
      const text = Buffer.from(output.buffer.subarray(from, output.length)).toString();
      output.length = from;
      return writeValue(text, affinity, casts, output);
    }
    return (isBlob(type) ? valueTypes.blob : valueTypes.text) + 2 * (output.length - from);
  };
}

function hasSign(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === at) return true;
  return false;
}

function damagedRow(table: string): HoldfastError {
  return new HoldfastError('corrupt', `a row of ${table} is damaged`);
}
