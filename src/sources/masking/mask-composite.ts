/** Masks what is inside PostgreSQL's arrays and composite values: each element, each field by its own rule. */
import { ByteWriter, equalBytes } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import type { ValueMasker } from './value-masker.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const semicolon = 0x3b;
const opening = 0x7b;
const closing = 0x7d;
const bracket = 0x28;
const closingBracket = 0x29;

/** Every element of an array of any depth; NULL stays NULL, and what is empty stays empty. */
export function maskArray(element: ValueMasker): ValueMasker {
  const value = new ByteWriter();
  const masked = new ByteWriter();
  return {
    mask(input, start, end, output) {
      let i = start;
      // bounds may stand before the brackets: [0:2]={a,b,c}
      while (i < end && input[i] !== opening) output.writeByte(input[i++]!);
      if (i === end || input[end - 1] !== closing) throw malformed('an array');
      let depth = 0;
      while (i < end) {
        const byte = input[i]!;
        if (byte === opening || byte === closing || byte === comma || byte === semicolon) {
          depth += byte === opening ? 1 : byte === closing ? -1 : 0;
          if (depth < 0 || (depth === 0 && i < end - 1)) throw malformed('an array');
          output.writeByte(byte);
          i++;
          continue;
        }
        const from = i;
        i = readElement(input, i, end, value);
        if (value.length === 0 || (input[from] !== quote && isNull(value))) {
          output.writeBytes(input.subarray(from, i));
          continue;
        }
        masked.length = 0;
        if (!element.mask(value.buffer, 0, value.length, masked)) output.writeAscii('NULL');
        else if (equalBytes(masked.view(), value.view())) output.writeBytes(input.subarray(from, i));
        else writeArrayText(masked, output);
      }
      if (depth !== 0) throw malformed('an array');
      return true;
    },
    plain: false,
  };
}

/** Each field of a composite value by the masker in its place; undefined copies the field. */
export function maskRecord(fields: readonly (ValueMasker | undefined)[]): ValueMasker {
  const value = new ByteWriter();
  const masked = new ByteWriter();
  return {
    mask(input, start, end, output) {
      if (input[start] !== bracket || input[end - 1] !== closingBracket) throw malformed('a composite value');
      output.writeByte(bracket);
      let i = start + 1;
      for (let field = 0; ; field++) {
        const from = i;
        i = readField(input, i, end, value);
        const masker = fields[field];
        if (masker === undefined || value.length === 0) {
          output.writeBytes(input.subarray(from, i));
        } else {
          masked.length = 0;
          const kept = masker.mask(value.buffer, 0, value.length, masked);
          if (kept && equalBytes(masked.view(), value.view())) output.writeBytes(input.subarray(from, i));
          else if (kept) writeFieldText(masked, output);
        }
        const last = field === fields.length - 1;
        if (input[i] !== (last ? closingBracket : comma) || last !== (i === end - 1)) {
          throw malformed('a composite value of the type that the schema tells of');
        }
        output.writeByte(input[i++]!);
        if (last) return true;
      }
    },
    plain: false,
  };
}

/** Reads the element at `start` into `value`, and returns the place behind it. */
function readElement(input: Uint8Array, start: number, end: number, value: ByteWriter): number {
  value.length = 0;
  let i = start;
  if (input[i] === quote) {
    for (i++; i < end && input[i] !== quote; i++)
      value.writeByte(input[i] === backslash ? input[++i]! : input[i]!);
    if (i >= end) throw malformed('an array');
    return i + 1;
  }
  for (; i < end; i++) {
    const byte = input[i]!;
    if (byte === comma || byte === semicolon || byte === opening || byte === closing) break;
    value.writeByte(byte === backslash ? input[++i]! : byte);
  }
  return i;
}

/** The same for a field: quotes may begin and end anywhere in it, and stand doubled for one. */
function readField(input: Uint8Array, start: number, end: number, value: ByteWriter): number {
  value.length = 0;
  let quoted = false;
  for (let i = start; i < end; i++) {
    const byte = input[i]!;
    if (byte === backslash) value.writeByte(input[++i]!);
    else if (byte === quote) {
      if (quoted && input[i + 1] === quote) value.writeByte(input[++i]!);
      else quoted = !quoted;
    } else if (!quoted && (byte === comma || byte === closingBracket)) return i;
    else value.writeByte(byte);
  }
  throw malformed('a composite value');
}

function isNull(value: ByteWriter): boolean {
  return value.length === 4 && Buffer.from(value.view()).toString('latin1').toUpperCase() === 'NULL';
}

/** Quoted where PostgreSQL itself does: the text is the same when it comes back. */
function writeArrayText(text: ByteWriter, output: ByteWriter): void {
  const view = text.view();
  if (!isNull(text) && view.length > 0 && !view.some((byte) => inArrays[byte] === 1)) {
    output.writeBytes(view);
    return;
  }
  output.writeByte(quote);
  for (const byte of view) {
    if (byte === quote || byte === backslash) output.writeByte(backslash);
    output.writeByte(byte);
  }
  output.writeByte(quote);
}

function writeFieldText(text: ByteWriter, output: ByteWriter): void {
  const view = text.view();
  if (view.length > 0 && !view.some((byte) => inRecords[byte] === 1)) {
    output.writeBytes(view);
    return;
  }
  output.writeByte(quote);
  for (const byte of view) {
    if (byte === quote || byte === backslash) output.writeByte(byte);
    output.writeByte(byte);
  }
  output.writeByte(quote);
}

/** 1 where a byte wants quotes around the text that it is in. */
function marking(characters: string): Uint8Array {
  const marked = new Uint8Array(256);
  for (const character of characters) marked[character.charCodeAt(0)] = 1;
  return marked;
}

const blanks = ' \t\n\r\v\f';
const inArrays = marking(`"\\{},;${blanks}`);
const inRecords = marking(`"\\(),${blanks}`);

function malformed(what: string): HoldfastError {
  return new HoldfastError('corrupt', `not ${what}`);
}
