/** The three shapes of a body that is written, told apart and walked in one place. */
import type { Body } from './storage.ts';

/** The pieces of a body that is in memory; undefined for a stream. */
export function piecesOf(body: Body): readonly Uint8Array[] | undefined {
  if (body instanceof Uint8Array) return [body];
  return Array.isArray(body) ? (body as readonly Uint8Array[]) : undefined;
}

/** Bytes in all pieces. */
export function totalLength(pieces: readonly Uint8Array[]): number {
  let total = 0;
  for (const piece of pieces) total += piece.length;
  return total;
}

/** The body piece by piece. */
export async function* walkBody(body: Body): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/** An uninitialised array that begins an ArrayBuffer of its own: `memory` where that is large enough. */
export function allocate(length: number, memory?: ArrayBuffer): Uint8Array<ArrayBuffer> {
  if (memory !== undefined && memory.byteLength >= length) return new Uint8Array(memory, 0, length);
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer as ArrayBuffer);
}

/** All pieces in one array that owns its ArrayBuffer. */
export function concatenate(
  pieces: readonly Uint8Array[],
  length = totalLength(pieces),
): Uint8Array<ArrayBuffer> {
  const whole = allocate(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
