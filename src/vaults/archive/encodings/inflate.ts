/** Runs bytes through one of node:zlib's decoders, and is sure of the end: theirs pass over what follows it. */
import type { Transform } from 'node:stream';
import { HoldfastError, throwIfAborted } from '../../../kernel/errors.ts';

export interface Decoder extends Transform {
  /** bytes of the input that were used */
  readonly bytesWritten: number;
}

/** What the decoder makes of all bytes. `name` is the format's, for messages. Codes: `corrupt`, `truncated`, `interrupted`. */
export async function* inflate(
  decoder: Decoder,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  let given = 0;
  /** what the bytes themselves threw, told as it is */
  let failure: { readonly error: unknown } | undefined;
  const feeding = feed();
  // looked at below; until then a failure must not count as unhandled
  feeding.catch(() => {});
  try {
    for await (const piece of decoder) yield piece as Uint8Array;
    await feeding;
  } catch (error) {
    if (failure) throw failure.error;
    throwIfAborted(signal);
    throw faultOf(error, name);
  } finally {
    decoder.destroy();
    await feeding.catch(() => {});
  }
  if (decoder.bytesWritten !== given) {
    throw new HoldfastError('corrupt', `the ${name} data is followed by something else`);
  }

  async function feed(): Promise<void> {
    try {
      for await (const piece of bytes) {
        throwIfAborted(signal);
        if (decoder.destroyed) return;
        given += piece.length;
        await written(piece);
      }
    } catch (error) {
      if (!decoder.destroyed) failure = { error };
      decoder.destroy(error as Error);
      return;
    }
    decoder.end();
  }

  /** Resolves when the decoder needs the piece no longer. */
  function written(piece: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    decoder.once('close', resolve);
    decoder.write(piece, () => resolve());
    return promise.finally(() => decoder.off('close', resolve));
  }
}

function faultOf(cause: unknown, name: string): HoldfastError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return new HoldfastError('truncated', `the ${name} data ends early`, { cause });
  const why = message.charAt(0).toLowerCase() + message.slice(1);
  return new HoldfastError('corrupt', `the ${name} data is damaged: ${why}`, { cause });
}
