/** Bytes of one file over a data connection: up as a whole, down as a range that may end before the file does. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Client, FTPResponse } from 'basic-ftp';
import { throwIfAborted } from '../../kernel/errors.ts';
import { allocate, walkBody } from '../body.ts';
import type { Body } from '../storage.ts';

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

/** Sends the whole body into a new file, and answers its length. */
export async function upload(client: Client, path: string, body: WatchedBody): Promise<number> {
  let length = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of body.pieces()) {
      length += piece.length;
      yield piece;
    }
    if (length === 0) await handshake(client.ftp.dataSocket);
  }
  await client.uploadFrom(Readable.from(counted()), path);
  return length;
}

/** Data waits for TLS by itself, but the end of a file without data would come before it. */
async function handshake(socket: Socket | undefined): Promise<void> {
  if (!(socket instanceof TLSSocket)) return;
  // The types do not know of it.
  const { secureConnecting } = socket as TLSSocket & { readonly secureConnecting: boolean };
  if (secureConnecting) await once(socket, 'secureConnect');
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
  const { ftp } = client;
  await client.prepareTransfer(ftp);
  if (offset > 0) await client.send(`REST ${offset}`);
  const { promise: begun, resolve: begin, reject: fail } = Promise.withResolvers<void>();
  const finished: Promise<FTPResponse> = ftp.handle(`RETR ${path}`, (answer, task) => {
    if (answer instanceof Error) task.reject(answer);
    else if (answer.code === 125 || answer.code === 150) begin();
    else if (answer.code >= 200) task.resolve(answer);
  });
  finished.then(() => begin(), fail);
  await begun;
  const socket = ftp.dataSocket;
  if (socket === undefined) throw new Error('the server has closed the data connection');
  // Only the data connection tells now whether the server is alive.
  ftp.socket.setTimeout(0);
  socket.setTimeout(ftp.timeout);
  let left = length;
  let drained = false;
  try {
    // The iterator's own way to end a socket is an error, which would end the whole connection.
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const piece = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= piece.length;
      if (piece.length > 0) yield piece;
      if (left === 0) break;
    }
    drained = true;
  } finally {
    // The server notices that nobody listens any more, and says so.
    ftp.dataSocket = undefined;
    if (drained) {
      await answerTo(finished, left === 0);
      ftp.socket.setTimeout(0);
    }
  }
}

/** Waits for the server's last word on a transfer; a complaint is expected when the reader `cut` it. */
async function answerTo(finished: Promise<FTPResponse>, cut: boolean): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error('timeout: the server does not end the transfer')), stopTimeout);
  });
  try {
    await Promise.race([finished, silence]);
  } catch (error) {
    if (!cut || !(error instanceof Error) || error.name !== 'FTPError') throw error;
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
