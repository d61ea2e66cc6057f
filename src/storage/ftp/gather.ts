/** What comes over a data connection, gathered into arrays of their own, some of them ahead of who takes them. */
import type { Socket } from 'node:net';
import { allocate } from '../body.ts';
import { within } from './within.ts';

export interface GatherOptions {
  /** bytes that are wanted; what comes after them is left */
  readonly length: number;
  /** bytes of each array but the last */
  readonly pieceBytes: number;
  /** for the first array, where it is large enough */
  readonly memory?: ArrayBuffer | undefined;
  /** milliseconds without a byte after which the connection counts as broken */
  readonly timeout: number;
}

/** Arrays that wait to be taken. */
const piecesAhead = 4;

/** Ends early when the connection ends; throws when it breaks. */
export async function* gather(
  socket: Socket,
  { length, pieceBytes, memory, timeout }: GatherOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const ready: Uint8Array<ArrayBuffer>[] = [];
  let left = length;
  let piece = allocate(Math.min(pieceBytes, left), memory);
  let filled = 0;
  let over = false;
  let broken: Error | undefined;
  let wake: (() => void) | undefined;

  function finish(error?: Error): void {
    over = true;
    broken ??= error;
    wake?.();
  }

  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length && left > 0;) {
      const part = chunk.subarray(at, at + piece.length - filled);
      piece.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < piece.length) continue;
      ready.push(piece);
      left -= filled;
      filled = 0;
      if (left > 0) piece = allocate(Math.min(pieceBytes, left));
      wake?.();
    }
    if (left === 0) finish();
    if (left === 0 || ready.length >= piecesAhead) socket.pause();
  });
  socket.on('end', () => finish());
  socket.on('error', finish);
  socket.on('close', () => finish());
  if (socket.destroyed) finish(new Error('the data connection was closed'));

  for (;;) {
    const next = ready.shift();
    if (next !== undefined) {
      if (!over) socket.resume();
      yield next;
    } else if (over) break;
    else await within(timeout, (resolve) => (wake = resolve));
  }
  if (broken !== undefined && left > 0) throw broken;
  if (filled > 0) yield piece.slice(0, filled);
}
