/** Masks that do not look at the value: null and a fixed text. */
import type { ValueMasker } from './value-masker.ts';

export const maskNull: ValueMasker = { mask: () => false, plain: true };

export function maskFixed(value: string): ValueMasker {
  const bytes = Buffer.from(value);
  return {
    mask(_input, _start, _end, output) {
      output.writeBytes(bytes);
      return true;
    },
    plain: false,
  };
}
