/** Bytes of one file over a data connection: up as a whole, down as a range that may end before the file does. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Client, FTPResponse } from 'basic-ftp';
import { throwIfAborted } from '../../kernel/errors.ts';
import { walkBody } from '../body.ts';
import type { Body } from '../storage.ts';
import { codeOf } from './errors.ts';
import { createGatherer } from './gather.ts';
import type { Gatherer } from './gather.ts';
import { within } from './within.ts';

/** What goes to the socket at once: TLS keeps a second copy of it. */
const uploadPiece = 256 << 10;
/** Bytes that wait for the server while the body gives more. */
const uploadAhead = 2 << 20;
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
  let pending = 0;
  let wake: (() => void) | undefined;
  socket.on('error', (error) => {
    broken = error;
    wake?.();
  });
  socket.on('close', () => wake?.());
  // Who closes the client takes its listeners away.
  finished.catch(() => wake?.());
  try {
    // Data would wait for TLS by itself, but the end of a file without data would come before it.
    if (isShakingHands(socket))
      await Promise.race([
        once(socket, 'secureConnect', { signal: AbortSignal.timeout(client.ftp.timeout) }),
        finished,
      ]);
    for await (const piece of body.pieces()) {
      length += piece.length;
      pending += piece.length;
      socket.write(piece, () => {
        pending -= piece.length;
        wake?.();
      });
      while (pending > uploadAhead && !socket.destroyed)
        await within(client.ftp.timeout, (resolve) => (wake = resolve));
      if (socket.destroyed) throw broken ?? new Error('the data connection was closed');
    }
    socket.end();
    await lastWord(finished, client.ftp.timeout);
    // A server may take a broken connection for the end.
    if (broken !== undefined) throw broken;
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

export interface Download {
  readonly offset: number;
  readonly length: number;
  /** bytes of the arrays in which it comes */
  readonly pieceBytes: number;
  /** for the first of them, where it is large enough */
  readonly memory?: ArrayBuffer | undefined;
}

/**
 * A range of a file. Ends early when the file does: the caller counts. The connection can be used again when the reader goes
 * to the end.
 */
export async function* download(
  client: Client,
  path: string,
  { offset, ...wanted }: Download,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const gatherer = createGatherer({ ...wanted, timeout: client.ftp.timeout });
  const { finished, socket } = await beginTransfer(client, `RETR ${path}`, offset, gatherer);
  let left = wanted.length;
  try {
    for await (const piece of gatherer.pieces(socket, closed(finished))) {
      left -= piece.length;
      yield piece;
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

/** Rejects when there will be no last word, for the client has been closed. */
async function closed(finished: Promise<FTPResponse>): Promise<void> {
  try {
    await finished;
  } catch (error) {
    if (!isAnswer(error)) throw error;
  }
}

interface Transfer {
  /** the server's last word on it */
  readonly finished: Promise<FTPResponse>;
  readonly socket: Socket;
}

/** Opens a data connection, which `gatherer` reads, and gives the command; resolves when the server begins. */
async function beginTransfer(
  client: Client,
  command: string,
  offset: number,
  gatherer?: Gatherer,
): Promise<Transfer> {
  const { ftp } = client;
  try {
    await connectData(client, gatherer);
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

/** Where basic-ftp makes the sockets of data connections; it has no other way to hand one in. */
const socketMaker = '_newSocket';

/** Under TLS bytes come from elsewhere than the socket. */
async function connectData(client: Client, gatherer: Gatherer | undefined): Promise<void> {
  const { ftp } = client;
  if (gatherer === undefined || ftp.hasTLS) {
    await client.prepareTransfer(ftp);
    return;
  }
  const usual = ftp[socketMaker];
  ftp[socketMaker] = () => gatherer.newSocket();
  try {
    await client.prepareTransfer(ftp);
  } finally {
    ftp[socketMaker] = usual;
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

function isAnswer(error: unknown): boolean {
  return codeOf(error) !== undefined;
}

async function lastWord(finished: Promise<FTPResponse>, timeout: number): Promise<void> {
  await within(timeout, (resolve, reject) => void finished.then(() => resolve(), reject));
}
