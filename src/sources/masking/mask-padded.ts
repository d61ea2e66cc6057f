/** Values of `char(n)`, whose servers fill them with spaces or cut spaces off: what masking makes is what they will read. */
import type { ValueMasker } from './value-masker.ts';

const space = 0x20;

/**
 * Masks what stands before the spaces at the end, so that a value becomes the same wherever it stands, and a value of
 * spaces alone stays.
 * @param width characters that the server fills each value up to; 0 when it leaves spaces at the end out
 */
export function maskPadded(masker: ValueMasker, width: number, takesEmpty: boolean): ValueMasker {
  return {
    mask(input, start, end, output) {
      const stop = endOfText(input, start, end);
      const from = output.length;
      if ((stop > start || takesEmpty) && !masker.mask(input, start, stop, output)) return false;
      output.length = endOfText(output.buffer, from, output.length);
      const missing = width - countCharacters(output.buffer, from, output.length);
      if (missing > 0) {
        output.reserve(missing).fill(space, output.length, output.length + missing);
        output.length += missing;
      }
      return true;
    },
    plain: masker.plain,
  };
}

function endOfText(bytes: Uint8Array, start: number, end: number): number {
  let stop = end;
  while (stop > start && bytes[stop - 1] === space) stop--;
  return stop;
}

/** Of UTF-8. */
export function countCharacters(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if ((bytes[i]! & 0xc0) !== 0x80) count++;
  return count;
}
