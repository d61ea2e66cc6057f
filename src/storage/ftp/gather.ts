/** What comes over a data connection, gathered into arrays of their own, some of them ahead of who takes them. */
import { Socket } from 'node:net';
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

export interface Gatherer {
  /** A socket that is not connected yet and reads straight into the arrays. */
  newSocket(): Socket;
  /**
   * The arrays as `socket` fills them. Ends early when the connection ends; throws when it breaks, or `closed` rejects:
   * nothing tells of the socket's end then.
   */
  pieces(socket: Socket, closed: Promise<void>): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/** Arrays that wait to be taken. */
const piecesAhead = 4;

export function createGatherer({ length, pieceBytes, memory, timeout }: GatherOptions): Gatherer {
  const ready: Uint8Array<ArrayBuffer>[] = [];
  let left = length;
  let piece = allocate(Math.min(pieceBytes, left), memory);
  let filled = 0;
  let over = false;
  let broken: Error | undefined;
  let wake: (() => void) | undefined;
  const direct = new WeakSet<Socket>();
  /** for what comes after all that is wanted */
  const rest = new Uint8Array(1024);

  /** The array has `count` bytes more. False when nothing should come for now. */
  function took(count: number): boolean {
    if (left === 0) return false;
    filled += count;
    if (filled < piece.length) return true;
    ready.push(piece);
    left -= filled;
    filled = 0;
    if (left === 0) over = true;
    else piece = allocate(Math.min(pieceBytes, left));
    wake?.();
    return left > 0 && ready.length < piecesAhead;
  }

  function finish(error?: Error): void {
    over = true;
    broken ??= error;
    wake?.();
  }

  function copy(chunk: Buffer): boolean {
    let more = true;
    for (let at = 0; at < chunk.length && left > 0;) {
      const part = chunk.subarray(at, at + piece.length - filled);
      piece.set(part, filled);
      at += part.length;
      more = took(part.length);
    }
    return more;
  }

  return {
    newSocket() {
      const socket = new Socket({
        onread: {
          buffer: () => (left === 0 ? rest : piece.subarray(filled)),
          callback: (count) => took(count),
        },
      });
      direct.add(socket);
      return socket;
    },

    async *pieces(socket, closed) {
      closed.catch(finish);
      if (!direct.has(socket)) {
        socket.on('data', (chunk: Buffer) => {
          if (!copy(chunk)) socket.pause();
        });
      }
      socket.on('end', () => finish());
      socket.on('error', finish);
      socket.on('close', () => finish());
      if (socket.destroyed) finish();
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
    },
  };
}
