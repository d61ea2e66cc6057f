/** Raw paths and names as C wants them: ended by a zero byte, in memory that is kept between calls. */
import { HoldfastError } from '../errors.ts';

const slots = [Buffer.alloc(8192), Buffer.alloc(8192), Buffer.alloc(8192)];
let next = 0;

/**
 * The bytes followed by a zero byte. The memory is one of three that are used in turn: pass it on at once.
 * @throws HoldfastError `usage` when a zero byte is inside
 */
export function cString(bytes: Uint8Array): Uint8Array {
  if (bytes.includes(0)) throw new HoldfastError('usage', 'a path must not contain a zero byte');
  next = next === 2 ? 0 : next + 1;
  const slot = bytes.length < slots[next]!.length ? slots[next]! : Buffer.alloc(bytes.length + 1);
  slot.set(bytes);
  slot[bytes.length] = 0;
  return slot;
}

export const emptyCString: Uint8Array = Buffer.alloc(128);

/** The same bytes as a Buffer, which node:fs wants for raw paths. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
