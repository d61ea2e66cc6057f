/** Reads the values in arrays and composite values of PostgreSQL, for a look at them. */
import { ByteWriter } from '../../kernel/bytes.ts';
import { hasCode } from '../../kernel/errors.ts';
import { maskArray, maskRecord } from './mask-composite.ts';
import type { ValueMasker } from './value-masker.ts';

/** All elements that are not NULL, whatever the depth; none when the text is no array. */
export function readArray(text: string): string[] {
  const values: string[] = [];
  visit(maskArray(visitor((value) => values.push(value))), text);
  return values;
}

/** The values of so many fields; undefined for NULL. */
export function readRecord(text: string, fields: number): (string | undefined)[] {
  const values = Array.from({ length: fields }, (): string | undefined => undefined);
  visit(maskRecord(values.map((_, i) => visitor((value) => void (values[i] = value)))), text);
  return values;
}

function visitor(see: (value: string) => void): ValueMasker {
  return {
    mask(input, start, end) {
      see(Buffer.from(input.subarray(start, end)).toString());
      return false;
    },
    plain: true,
  };
}

function visit(masker: ValueMasker, text: string): void {
  const input = Buffer.from(text);
  try {
    masker.mask(input, 0, input.length, new ByteWriter());
  } catch (error) {
    if (!hasCode(error, 'corrupt')) throw error;
  }
}
