/** Masks rows in the text format of PostgreSQL's COPY: masked columns are decoded and written anew, all else is copied. */
import { ByteWriter, equalBytes } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { type ColumnMasker, createColumnMaskers, tableLabel } from './column-maskers.ts';
import type { TableShape } from './column-type.ts';
import { readEscaped, writeEscaped } from './copy-escapes.ts';
import { readHex, writeHex } from './hex-bytes.ts';
import type { MaskingKey } from './keyed-functions.ts';
import type { MaskingRules } from './rule.ts';
import { notMasked } from './value-masker.ts';

export interface RowMasker {
  /** rows that have gone through */
  readonly rows: number;
  /** nothing is masked: rows may as well pass unseen */
  readonly idle: boolean;
  /**
   * The rows of a slab, masked: new memory, or the slab itself when nothing is masked. The slab holds whole rows, each
   * with its line end. Code `corrupt`, with the number of the row, when it does not.
   */
  mask(slab: Uint8Array): Uint8Array;
}

const tab = 9;
const newline = 10;
const at = 0x40;
const dot = 0x2e;
const backslash = 0x5c;
const capitalN = 0x4e;
const smallX = 0x78;

/** Not 0 where a byte has a meaning of its own: the ends of fields, and what escapes them. */
const special = new Uint8Array(256);
special[tab] = 1;
special[newline] = 1;
special[backslash] = 1;

/**
 * A masker of the rows of one table, whose columns are those of its COPY statement, in that order. Code `usage` when a
 * rule does not fit its column, or a strict file has none for one.
 */
export function createRowMasker(rules: MaskingRules, key: MaskingKey, table: TableShape): RowMasker {
  const maskers = createColumnMaskers(rules, key, table);
  const idle = maskers.every((masker) => masker === undefined);
  const last = maskers.length - 1;
  const maskField = createFieldMasker();
  let rows = 0;
  let ended = false;

  const place = (): string => `row ${rows + 1} of ${tableLabel(table)}`;
  const fail = (message: string): never => {
    throw new HoldfastError('corrupt', `${place()} ${message}`);
  };

  /** how many columns from this one on are copied unseen */
  const copies = maskers.map((_, column) => {
    const next = maskers.findIndex((masker, at) => at >= column && masker !== undefined);
    return (next < 0 ? maskers.length : next) - column;
  });

  /** Masks the row at `start` and returns where the next one begins. */
  const maskRow = (slab: Uint8Array, start: number, output: ByteWriter): number => {
    let i = start;
    for (let column = 0; column <= last;) {
      const masker = maskers[column];
      if (masker === undefined) {
        i = copyFields(slab, i, column, output);
        column += copies[column]!;
      } else {
        i = masker.contentOnly ? maskContent(masker, slab, i, output) : replaceField(masker, slab, i, output);
        output.writeByte(slab[i++]!);
        column++;
      }
      // the byte before this place is a tab or a line end
      if ((slab[i - 1] === newline) !== column > last) failAtColumn(column);
    }
    if (last < 0) {
      if (slab[i] !== newline) fail('has columns, expected none');
      output.writeByte(slab[i++]!);
    }
    return i;
  };

  const failAtColumn = (column: number): never =>
    fail(column > last ? `has more than ${last + 1} columns` : `has ${column} columns, expected ${last + 1}`);

  /** Copies the fields from this column on up to the next masked one, and returns the place behind them. */
  const copyFields = (slab: Uint8Array, start: number, column: number, output: ByteWriter): number => {
    const end = slab.length;
    const count = copies[column]!;
    let left = count;
    for (let i = start; i < end; i++) {
      const byte = slab[i]!;
      if (special[byte] === 0) continue;
      if (byte === backslash) {
        // whatever stands behind a backslash belongs to the field
        i++;
        continue;
      }
      left--;
      if (byte === newline && left > 0) failAtColumn(column + count - left);
      if (left > 0) continue;
      output.writeRange(slab, start, i + 1);
      return i + 1;
    }
    return fail('is cut off');
  };

  /** Appends what becomes of the field at `start`, and returns its end. */
  const replaceField = (
    masker: ColumnMasker,
    slab: Uint8Array,
    start: number,
    output: ByteWriter,
  ): number => {
    const end = slab.length;
    let escaped = false;
    let i = start;
    for (; i < end; i++) {
      const byte = slab[i]!;
      if (special[byte] === 0) continue;
      if (byte !== backslash) break;
      escaped = true;
      i++;
    }
    if (i >= end) fail('is cut off');
    if (escaped && isNull(slab, start, i)) output.writeBytes(nullField);
    else applyMasker(masker, slab, start, i, escaped, output);
    return i;
  };

  /** Copies the field at `start`, unless it has an address in it, and returns its end. */
  const maskContent = (masker: ColumnMasker, slab: Uint8Array, start: number, output: ByteWriter): number => {
    const end = slab.length;
    let escaped = false;
    let sign = false;
    let i = start;
    for (; i < end; i++) {
      const byte = slab[i]!;
      if (byte === at) sign = true;
      if (special[byte] === 0) continue;
      if (byte !== backslash) break;
      escaped = true;
      i++;
    }
    if (i >= end) fail('is cut off');
    const copied = (!sign && !escaped) || isNull(slab, start, i);
    if (copied || !applyMasker(masker, slab, start, i, escaped, output)) {
      output.writeRange(slab, start, i);
    }
    return i;
  };

  const applyMasker: FieldMasker = (masker, slab, start, end, escaped, output) => {
    try {
      return maskField(masker, slab, start, end, escaped, output);
    } catch (error) {
      throw notMasked(place(), masker.column, error);
    }
  };

  return {
    idle,
    get rows() {
      return rows;
    },
    mask(slab) {
      const output = new ByteWriter(slab.length + (slab.length >>> 2) + 64);
      for (let i = 0; i < slab.length;) {
        if (ended) fail('stands behind the end of the data');
        if (slab[i] === backslash && slab[i + 1] === dot && slab[i + 2] === newline) {
          ended = true;
          output.writeRange(slab, i, i + 3);
          i += 3;
        } else {
          i = maskRow(slab, i, output);
          rows++;
        }
      }
      return idle ? slab : output.view();
    },
  };
}

const nullField = Uint8Array.of(backslash, capitalN);

function isNull(slab: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && slab[start] === backslash && slab[start + 1] === capitalN;
}

type FieldMasker = (
  masker: ColumnMasker,
  slab: Uint8Array,
  start: number,
  end: number,
  escaped: boolean,
  output: ByteWriter,
) => boolean;

/** Appends what becomes of a field that is not \N; false, and nothing is appended, when it stays byte for byte. */
function createFieldMasker(): FieldMasker {
  const value = new ByteWriter();
  const bytes = new ByteWriter();
  const masked = new ByteWriter();
  return (masker, slab, start, end, escaped, output) => {
    if (start === end && !masker.takesEmpty) return true;
    const binary = masker.type.family === 'binary';
    if (!escaped && masker.plain && !binary) {
      if (!masker.mask(slab, start, end, output)) output.writeBytes(nullField);
      return true;
    }
    value.length = 0;
    readEscaped(slab, start, end, value);
    bytes.length = 0;
    const hex =
      binary &&
      value.buffer[0] === backslash &&
      value.buffer[1] === smallX &&
      readHex(value.buffer, 2, value.length, bytes);
    const input = hex ? bytes : value;
    masked.length = 0;
    if (!masker.mask(input.buffer, 0, input.length, masked)) {
      output.writeBytes(nullField);
    } else if (masker.contentOnly && equalBytes(masked.view(), value.view())) {
      return false;
    } else if (hex) {
      output.writeAscii('\\\\x');
      writeHex(masked.buffer, masked.length, output);
    } else {
      writeEscaped(masked.buffer, masked.length, output);
    }
    return true;
  };
}
