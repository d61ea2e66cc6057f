/** The thread in which OpenPGP messages are made and opened. */
import {
  createMessage,
  decrypt,
  encrypt,
  enums,
  type PartialConfig,
  readKey,
  readMessage,
  readPrivateKey,
} from 'openpgp';
import { HoldfastError, messageOf } from '../../../kernel/errors.ts';
import { type PoolHost, serve, Transfer } from '../../../kernel/pool-worker.ts';
import type { OpenpgpAnswer, OpenpgpRequest, OpenpgpWork } from './openpgp-protocol.ts';

type Host = PoolHost<OpenpgpRequest, OpenpgpAnswer>;

/** how a message that is text begins */
const armor = '-----BEGIN PGP MESSAGE-----';
/** of what is handed over at once, at least */
const outputSize = 256 * 1024;

const config: PartialConfig = {
  // what was to be compressed is compressed by now
  preferredCompressionAlgorithm: enums.compression.uncompressed,
  // the end is checked before anything that was given counts, see Encoding.decode
  allowUnauthenticatedStream: true,
};

serve<OpenpgpWork, OpenpgpRequest, OpenpgpAnswer, OpenpgpRequest, OpenpgpAnswer>((work, host) => {
  const pieces =
    work.kind === 'encrypt' ? encryptFor(work.certificates, host) : decryptWith(work.privateKeys, host);
  const next = async (): Promise<OpenpgpAnswer | Transfer<OpenpgpAnswer>> => {
    const block = await nextBlock(pieces);
    return block ? new Transfer({ block }, [block.buffer]) : {};
  };
  // asked for ahead of time, but made one after the other
  let last: ReturnType<typeof next> | undefined;
  return () => (last = last ? last.then(next) : next());
});

async function* encryptFor(
  certificates: readonly Uint8Array[],
  host: Host,
): AsyncGenerator<Uint8Array, void, void> {
  const encryptionKeys = await Promise.all(certificates.map((binaryKey) => readKey({ binaryKey })));
  const message = await createMessage({ binary: inputFrom(host), date: new Date(0) });
  yield* pieces(await encrypt({ message, encryptionKeys, format: 'binary', config }));
}

async function* decryptWith(
  privateKeys: readonly Uint8Array[],
  host: Host,
): AsyncGenerator<Uint8Array, void, void> {
  const decryptionKeys = await Promise.all(privateKeys.map((binaryKey) => readPrivateKey({ binaryKey })));
  try {
    const { block: first } = await host.call('more');
    const input = inputFrom(host, first);
    const isText = first && Buffer.from(first.subarray(0, armor.length)).toString('latin1') === armor;
    const message = isText
      ? await readMessage({ armoredMessage: textOf(input), config })
      : await readMessage({ binaryMessage: input, config });
    const { data } = await decrypt({ message, decryptionKeys, format: 'binary', config });
    yield* pieces(data);
  } catch (error) {
    throw faultOf(error);
  }
}

function textOf(input: ReadableStream<Uint8Array>): ReadableStream<string> {
  const decoder: unknown = new TextDecoderStream();
  return input.pipeThrough(decoder as ReadableWritablePair<string, Uint8Array>);
}

/** @param first what was taken before */
function inputFrom(host: Host, first?: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (first) controller.enqueue(first);
      },
      async pull(controller) {
        const { block } = await host.call('more');
        if (block) controller.enqueue(block);
        else controller.close();
      },
    },
    { highWaterMark: 1 },
  );
}

async function* pieces(stream: unknown): AsyncGenerator<Uint8Array, void, void> {
  const reader = (stream as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** The next pieces in memory of their own, which can be handed over; undefined at the end. */
async function nextBlock(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const taken: Uint8Array[] = [];
  let size = 0;
  while (size < outputSize) {
    const next = await pieces.next();
    if (next.done) break;
    taken.push(next.value);
    size += next.value.length;
  }
  if (taken.length === 0) return undefined;
  const block = new Uint8Array(size);
  let at = 0;
  for (const piece of taken) {
    block.set(piece, at);
    at += piece.length;
  }
  return block;
}

function faultOf(cause: unknown): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const why = messageOf(cause).replace(/^Error decrypting message: /, '');
  if (/session key decryption failed|no decryption key/i.test(why)) {
    return new HoldfastError('wrong-password', 'none of the OpenPGP keys opens this', { cause });
  }
  if (/unexpected end|premature end/i.test(why)) {
    return new HoldfastError('truncated', 'the OpenPGP data ends early', { cause });
  }
  const said = why.charAt(0).toLowerCase() + why.slice(1).replace(/\.$/, '');
  return new HoldfastError('corrupt', `the OpenPGP data is damaged: ${said}`, { cause });
}
