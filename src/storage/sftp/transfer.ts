/** Bytes of one open file, with many requests on their way at the same time: one by one, each would wait for its answer. */
import type { Stats } from 'ssh2';
import { throwIfAborted } from '../../kernel/errors.ts';
import { allocate, walkBody } from '../body.ts';
import { truncatedError } from '../range.ts';
import type { Body } from '../storage.ts';
import type { Session } from './session.ts';

/** Bytes of one file that are on their way at the same time. */
const bytesAhead = 4 << 20;
/** A piece of a stream is as near to this as whole requests go, and so many are fetched before they are asked for. */
const streamPiece = 1 << 20;
const piecesAhead = 4;

/** Writes the whole body from the beginning of the file, and answers its length. Throws what the body or a request throws. */
export async function writeFrom(
  session: Session,
  handle: Buffer,
  body: Body,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { requestBytes } = session;
  const flight = createFlight(Math.ceil(bytesAhead / requestBytes));
  let position = 0;
  try {
    for await (const piece of walkBody(body)) {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      for (let at = 0; at < bytes.length; at += requestBytes) {
        throwIfAborted(signal);
        const [offset, length, place] = [at, Math.min(requestBytes, bytes.length - at), position];
        // ssh2 has copied the bytes when this returns.
        await flight.add(
          session.ask((sftp, done) => sftp.write(handle, bytes, offset, length, place, done), signal),
        );
        position += length;
      }
    }
  } catch (error) {
    await flight.settled();
    throw error;
  }
  await flight.landed();
  throwIfAborted(signal);
  return position;
}

/** Fills `into` from `offset` of the file; code `truncated` when it ends before. */
export async function readInto(
  session: Session,
  handle: Buffer,
  name: string,
  into: Uint8Array,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bytes = Buffer.from(into.buffer, into.byteOffset, into.length);
  const { requestBytes } = session;
  const flight = createFlight(Math.ceil(bytesAhead / requestBytes));
  try {
    for (let at = 0; at < bytes.length; at += requestBytes) {
      throwIfAborted(signal);
      const length = Math.min(requestBytes, bytes.length - at);
      await flight.add(
        readRequest(session, handle, name, bytes.subarray(at, at + length), offset + at, signal),
      );
    }
  } catch (error) {
    await flight.settled();
    throw error;
  }
  await flight.landed();
}

/** The same range piece by piece, some pieces ahead of the reader. */
export async function* readPieces(
  session: Session,
  handle: Buffer,
  name: string,
  range: { readonly offset: number; readonly length: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const pieceBytes = session.requestBytes * Math.ceil(streamPiece / session.requestBytes);
  const coming: { bytes: Uint8Array<ArrayBuffer>; filled: Promise<void> }[] = [];
  let asked = 0;
  try {
    while (asked < range.length || coming.length > 0) {
      while (coming.length < piecesAhead && asked < range.length) {
        const bytes = allocate(Math.min(pieceBytes, range.length - asked));
        const filled = readInto(session, handle, name, bytes, range.offset + asked, signal);
        filled.catch(() => {});
        coming.push({ bytes, filled });
        asked += bytes.length;
      }
      const { bytes, filled } = coming.shift()!;
      await filled;
      throwIfAborted(signal);
      yield bytes;
    }
  } finally {
    await Promise.allSettled(coming.map(({ filled }) => filled));
  }
}

/** Servers may give less than they are asked for. */
async function readRequest(
  session: Session,
  handle: Buffer,
  name: string,
  into: Buffer,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let done = 0; done < into.length;) {
    const [from, length] = [done, into.length - done];
    const count = await session.ask<number>(
      (sftp, answer) => sftp.read(handle, into, from, length, offset + from, answer),
      signal,
    );
    if (count === 0) {
      const { size } = await session.ask<Stats>((sftp, answer) => sftp.fstat(handle, answer), signal);
      throw truncatedError(name, offset, into.length, size);
    }
    done += count;
  }
}

interface Flight {
  /** Waits until there is room for one more; throws what one before it threw. */
  add(request: Promise<unknown>): Promise<void>;
  /** Waits for all; throws what one of them threw. */
  landed(): Promise<void>;
  /** Waits for all, and does not throw. */
  settled(): Promise<void>;
}

function createFlight(most: number): Flight {
  let flying = 0;
  let failure: { error: unknown } | undefined;
  let landing: (() => void) | undefined;

  function land(): void {
    flying--;
    landing?.();
  }

  async function settled(below: number): Promise<void> {
    while (flying >= below) {
      await new Promise<void>((resolve) => {
        landing = resolve;
      });
    }
  }

  return {
    async add(request) {
      flying++;
      request.then(land, (error: unknown) => {
        failure ??= { error };
        land();
      });
      if (flying >= most) await settled(most);
      if (failure !== undefined) throw failure.error;
    },
    async landed() {
      await settled(1);
      if (failure !== undefined) throw failure.error;
    },
    settled: () => settled(1),
  };
}
