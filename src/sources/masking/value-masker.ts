/** The shape of what masks one value, and what the makers of such things share. */
import type { ByteWriter } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';

export interface ValueMasker {
  /**
   * Appends what becomes of the value input[start, end) to the output; values are bytes without the quotes and escapes
   * of their format. False: it becomes NULL, and nothing is appended. `input` may be the memory behind anything but
   * `output`. Throws the code `corrupt`, without the value, when the rule cannot be applied to it.
   */
  mask(input: Uint8Array, start: number, end: number, output: ByteWriter): boolean;
  /** true: all that is appended is printable ASCII without quotes and backslashes */
  readonly plain: boolean;
}

/** The error of a masker, and where the value stands that it could not be applied to. */
export function notMasked(place: string, column: string, error: unknown): unknown {
  if (!(error instanceof HoldfastError)) return error;
  const { code, hint, message } = error;
  return new HoldfastError(code, `${place} has in column ${column} what its rule cannot mask: ${message}`, {
    ...(hint !== undefined && { hint }),
    cause: error,
  });
}

/**
 * Calls `write` with 0, 1, ... until what it has appended does not have the value in it, letters of either case being
 * the same; values of one or two bytes must merely differ. The last of eight goes in any case.
 */
export function writeUnlike(
  input: Uint8Array,
  start: number,
  end: number,
  output: ByteWriter,
  write: (attempt: number) => void,
): void {
  const from = output.length;
  for (let attempt = 0; attempt < 8; attempt++) {
    output.length = from;
    write(attempt);
    if (!resembles(output.buffer, from, output.length, input, start, end)) return;
  }
}

function resembles(
  text: Uint8Array,
  from: number,
  to: number,
  value: Uint8Array,
  start: number,
  end: number,
): boolean {
  const length = end - start;
  if (length < 3) return to - from === length && startsAt(text, from, value, start, end);
  const last = to - length;
  for (let at = from; at <= last; at++) if (startsAt(text, at, value, start, end)) return true;
  return false;
}

function startsAt(text: Uint8Array, at: number, value: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++, at++) if (fold(text[at]!) !== fold(value[i]!)) return false;
  return true;
}

function fold(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
