/** Which bytes a read asks for, decided the same way by every storage. */
import { HoldfastError } from '../kernel/errors.ts';
import type { ReadOptions } from './storage.ts';

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * The range of `options` within an object of `size` bytes. Code `truncated` when the object ends before the range does.
 * A range that begins at the very end and has no length is empty.
 */
export function resolveRange(name: string, size: number, options: ReadOptions = {}): ByteRange {
  const { offset = 0 } = options;
  const length = options.length ?? Math.max(size - offset, 0);
  if (offset + length > size) throw truncatedError(name, offset, length, size);
  return { offset, length };
}

export function truncatedError(name: string, offset: number, length: number, size: number): HoldfastError {
  return new HoldfastError(
    'truncated',
    `${name} has ${size} bytes, which is too short to read ${length} bytes at ${offset}`,
  );
}
