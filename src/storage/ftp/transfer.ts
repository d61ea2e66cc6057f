/** Bytes of one file over a data connection: up as a whole, down as a range that may end before the file does. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Client, FTPResponse } from 'basic-ftp';
import { throwIfAborted } from '../../kernel/errors.ts';
import { allocate, walkBody } from '../body.ts';
import type { Body } from '../storage.ts';
import { codeOf } from './errors.ts';

/** What goes to the socket at once: TLS keeps a second copy of it. */
const uploadPiece = 256 << 10;
/** Milliseconds for the server to say that it has stopped. */
const stopTimeout = 10_000;

/** A body that is being sent, and what it threw itself, if anything: that is no fault of the server's. */
export interface WatchedBody {
  pieces(): AsyncIterable<Uint8Array>;
  readonly failure: { readonly error: unknown } | undefined;
}

export function watchBody(body: Body, signal: AbortSignal | undefined): WatchedBody {
  let failure: { error: unknown } | undefined;
  return {
    async *pieces() {
      try {
        for await (const piece of walkBody(body)) {
          for (let at = 0; at < piece.length; at += uploadPiece) {
            throwIfAborted(signal);
            yield piece.subarray(at, at + uploadPiece);
          }
        }
      } catch (error) {
        failure = { error };
        throw error;
      }
    },
    get failure() {
      return failure;
    },
  };
}

/** Sends the whole body into a new file, and answers its length. Ends the connection when the body fails. */
export async function upload(client: Client, path: string, body: WatchedBody): Promise<number> {
  const { finished, socket } = await beginTransfer(client, `STOR ${path}`, 0);
  let length = 0;
  let broken: Error | undefined;
  socket.on('error', (error) => {
    broken = error;
  });
  try {
    // Data would wait for TLS by itself, but the end of a file without data would come before it.
    if (isShakingHands(socket))
      await once(socket, 'secureConnect', { signal: AbortSignal.timeout(client.ftp.timeout) });
    for await (const piece of body.pieces()) {
      length += piece.length;
      if (broken !== undefined || socket.destroyed)
        throw broken ?? new Error('the data connection was closed');
      if (!socket.write(piece)) await drained(socket, client.ftp.timeout);
    }
    socket.end();
    await lastWord(finished, client.ftp.timeout);
  } catch (error) {
    if (body.failure !== undefined) {
      client.close();
      throw error;
    }
    // Who cuts the data connection may say why on the other one.
    const answer = await lastWord(finished, stopTimeout).catch((reason: unknown) => reason);
    throw isAnswer(answer) ? answer : error;
  } finally {
    endTransfer(client);
  }
  return length;
}

/**
 * The bytes from `offset` on, at most `length` of them, as they come. Ends early when the file does: the caller counts. The
 * connection can be used again when the reader goes to the end.
 */
export async function* download(
  client: Client,
  path: string,
  offset: number,
  length: number,
): AsyncGenerator<Buffer> {
  const { finished, socket } = await beginTransfer(client, `RETR ${path}`, offset);
  let left = length;
  try {
    socket.setTimeout(client.ftp.timeout, () => socket.destroy(new Error('timeout')));
    // The iterator's own way to end a socket is an error.
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const piece = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= piece.length;
      if (piece.length > 0) yield piece;
      if (left === 0) break;
    }
    socket.destroy();
    await lastWord(finished, stopTimeout).catch((error: unknown) => {
      // The server notices that nobody listens any more, and says so.
      if (left > 0 || !isAnswer(error)) throw error;
    });
  } finally {
    endTransfer(client);
  }
}

interface Transfer {
  /** the server's last word on it */
  readonly finished: Promise<FTPResponse>;
  readonly socket: Socket;
}

/** Opens a data connection and gives the command; resolves when the server begins. */
async function beginTransfer(client: Client, command: string, offset: number): Promise<Transfer> {
  const { ftp } = client;
  try {
    await client.prepareTransfer(ftp);
    const socket = ftp.dataSocket;
    if (socket === undefined) throw new Error('there is no data connection');
    // What befalls it must not end the control connection, on which the server may say why: the last to listen is basic-ftp.
    for (const event of ['error', 'close', 'timeout']) {
      const listener = socket.rawListeners(event).at(-1);
      if (listener !== undefined) socket.off(event, listener as () => void);
    }
    socket.on('error', () => {});
    if (offset > 0) await client.send(`REST ${offset}`);
    const { promise: begun, resolve: begin, reject: fail } = Promise.withResolvers<void>();
    const finished: Promise<FTPResponse> = ftp.handle(command, (answer, task) => {
      if (answer instanceof Error) task.reject(answer);
      else if (answer.code === 125 || answer.code === 150) begin();
      else if (answer.code >= 200) task.resolve(answer);
    });
    finished.then(() => begin(), fail);
    await begun;
    // Only the data connection tells now whether the server is alive.
    ftp.socket.setTimeout(0);
    return { finished, socket };
  } catch (error) {
    endTransfer(client);
    throw error;
  }
}

function endTransfer({ ftp }: Client): void {
  ftp.dataSocket = undefined;
  ftp.socket.setTimeout(0);
}

function isShakingHands(socket: Socket): boolean {
  // The types do not know of it.
  return (
    socket instanceof TLSSocket && (socket as TLSSocket & { secureConnecting: boolean }).secureConnecting
  );
}

/** Waits until the server has taken what was written. */
async function drained(socket: Socket, timeout: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error('timeout')), timeout);
  const onClose = (): void => reject(new Error('the data connection was closed'));
  socket.once('drain', resolve);
  socket.once('close', onClose);
  try {
    await promise;
  } finally {
    clearTimeout(late);
    socket.off('drain', resolve);
    socket.off('close', onClose);
  }
}

function isAnswer(error: unknown): boolean {
  return codeOf(error) !== undefined;
}

async function lastWord(finished: Promise<FTPResponse>, timeout: number): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error('timeout: the server does not end the transfer')), timeout);
  });
  try {
    await Promise.race([finished, silence]);
  } finally {
    clearTimeout(late);
  }
}

/** Collects chunks into arrays of their own of `size` bytes, the last one shorter. */
export async function* inPieces(
  chunks: AsyncIterable<Buffer>,
  total: number,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let left = total;
  let piece = allocate(Math.min(size, left));
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < piece.length) continue;
      left -= filled;
      yield piece;
      piece = allocate(Math.min(size, left));
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}
