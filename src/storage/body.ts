/** The three shapes of a body that is written, told apart and walked in one place. */
import type { Body } from './storage.ts';

/**
 * A body of known pieces that must be sent through its iterator, because somebody paces it. Checksums and the length
 * are taken from the pieces.
 */
export interface PacedBody extends AsyncIterable<Uint8Array> {
  readonly pieces: readonly Uint8Array[];
}

/** The pieces of a body that is in memory; undefined for a stream. */
export function piecesOf(body: Body): readonly Uint8Array[] | undefined {
  if (body instanceof Uint8Array) return [body];
  if (Array.isArray(body)) return body as readonly Uint8Array[];
  return (body as Partial<PacedBody>).pieces;
}

/** True when the body can be walked a second time with the same result. */
export function isReplayable(body: Body): boolean {
  return piecesOf(body) !== undefined;
}

/** Bytes in all pieces. */
export function totalLength(pieces: readonly Uint8Array[]): number {
  let total = 0;
  for (const piece of pieces) total += piece.length;
  return total;
}

/** The body piece by piece, in the pace of a paced body. */
export async function* walkBody(body: Body): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/** An uninitialised array that owns its whole ArrayBuffer. */
export function allocate(length: number): Uint8Array<ArrayBuffer> {
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
