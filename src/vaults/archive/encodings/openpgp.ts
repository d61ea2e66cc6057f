/** OpenPGP messages for several recipients. The library does the work in a thread of its own, because it keeps one busy. */
import { HoldfastError, throwIfAborted } from '../../../kernel/errors.ts';
import { createPool, workerModule } from '../../../kernel/pool.ts';
import { Transfer } from '../../../kernel/pool-worker.ts';
import { cutIntoBlocks } from './blocks.ts';
import type { Encoding } from './encoding.ts';
import type { DecodingKeys } from './open.ts';
import type { OpenpgpAnswer, OpenpgpRequest, OpenpgpWork } from './openpgp-protocol.ts';

const blockSize = 1024 * 1024;

export async function openpgpEncoding(recipients: readonly string[], keys: DecodingKeys): Promise<Encoding> {
  const { readCertificates, readPrivateKeys } = await import('./openpgp-keys.ts');
  const certificates = await readCertificates(recipients);
  /** unlocking takes a moment, and the passphrase is asked for once */
  let privateKeys: ReturnType<typeof readPrivateKeys> | undefined;
  return {
    name: 'openpgp',
    extension: '.gpg',
    async *encode(bytes, signal) {
      if (certificates.length === 0) {
        throw new HoldfastError('usage', 'openpgp needs a recipient to encrypt for');
      }
      yield* throughWorker({ kind: 'encrypt', certificates }, bytes, signal);
    },
    async *decode(bytes, signal) {
      privateKeys ??= readPrivateKeys(keys);
      yield* throughWorker({ kind: 'decrypt', privateKeys: await privateKeys }, bytes, signal);
    },
  };
}

async function* throughWorker(
  work: OpenpgpWork,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const blocks = cutIntoBlocks(bytes, blockSize);
  let empty = true;
  /** what the bytes themselves threw, told as it is */
  let failure: { readonly error: unknown } | undefined;

  async function more(): Promise<Transfer<OpenpgpAnswer>> {
    try {
      throwIfAborted(signal);
      const { value: block } = await blocks.next();
      if (block) empty = false;
      else if (empty && work.kind === 'decrypt')
        throw new HoldfastError('truncated', 'the OpenPGP data is empty');
      return block ? new Transfer({ block }, [block.buffer as ArrayBuffer]) : new Transfer({}, []);
    } catch (error) {
      failure = { error };
      throw error;
    }
  }

  const pool = createPool<OpenpgpRequest, OpenpgpAnswer, OpenpgpWork, OpenpgpRequest, OpenpgpAnswer>(
    workerModule(import.meta.url, './openpgp-worker'),
    { size: 1, depth: 2, data: work, onCall: more },
  );
  const ask = (): Promise<OpenpgpAnswer> => {
    const answer = pool.run('more');
    // looked at when its turn comes; until then a failure must not count as unhandled
    answer.catch(() => {});
    return answer;
  };
  try {
    for (let ahead = ask(); ;) {
      const now = ahead;
      ahead = ask();
      const { block } = await now;
      if (!block) return;
      yield block;
    }
  } catch (error) {
    throw failure ? failure.error : error;
  } finally {
    await pool.close();
    await blocks.return();
  }
}
