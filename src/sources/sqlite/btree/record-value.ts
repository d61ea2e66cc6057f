/** The values of a row as its record has them: https://www.sqlite.org/fileformat.html#record_format */
import type { ByteWriter } from '../../../kernel/bytes.ts';

/** What stands in the head of a record for each value. */
export const valueTypes = { null: 0, real: 7, zero: 8, one: 9, blob: 12, text: 13 } as const;

const integers = [0, 1, 2, 3, 4, 6, 8];
const lengths = Uint8Array.from({ length: 128 }, (_, type) => {
  if (type >= valueTypes.blob) return (type - valueTypes.blob) >>> 1;
  return integers[type] ?? (type === valueTypes.real ? 8 : 0);
});

/** Of a value of this type, bytes. */
export function valueLength(type: number): number {
  return type < 128 ? lengths[type]! : Math.floor((type - valueTypes.blob) / 2);
}

export function isText(type: number): boolean {
  return type >= valueTypes.text && type % 2 === 1;
}

export function isBlob(type: number): boolean {
  return type >= valueTypes.blob && type % 2 === 0;
}

/** An integer as a bigint, a real as a number; of types that are neither, NULL. */
export function readNumber(type: number, bytes: Uint8Array, start: number): bigint | number | null {
  if (type === valueTypes.zero || type === valueTypes.one) return BigInt(type - valueTypes.zero);
  if (type === valueTypes.null || type > valueTypes.real) return null;
  const length = lengths[type]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
  if (type === valueTypes.real) return view.getFloat64(0);
  if (length === 8) return view.getBigInt64(0);
  let value = view.getInt8(0);
  for (let i = 1; i < length; i++) value = value * 256 + bytes[start + i]!;
  return BigInt(value);
}

/** Appends an integer of 64 bits, and returns its type. */
export function writeInteger(value: bigint, output: ByteWriter): number {
  if (value === 0n) return valueTypes.zero;
  if (value === 1n) return valueTypes.one;
  const type = integers.findIndex((length, i) => i > 0 && BigInt.asIntN(8 * length, value) === value);
  const length = integers[type]!;
  const target = output.reserve(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) {
    target[output.length + i] = Number(rest & 0xffn);
  }
  output.length += length;
  return type;
}

/** Appends a number that may have a fraction, and returns its type. */
export function writeReal(value: number, output: ByteWriter): number {
  const target = output.reserve(8);
  new DataView(target.buffer, target.byteOffset + output.length, 8).setFloat64(0, value);
  output.length += 8;
  return valueTypes.real;
}
