/**
 * A storage with faults that come from a seed: calls that fail before or after they have done their work, streams that
 * break off, bytes that turn. The same seed gives the same faults, whatever order concurrent calls come in.
 */
import { createHash } from 'node:crypto';
import { HoldfastError } from '../kernel/errors.ts';
import type { Storage } from '../storage/storage.ts';

export interface FaultOptions {
  readonly seed: number;
  /** share of calls, 0 to 1, that fail in passing without having done anything */
  readonly failures?: number;
  /** share of writes and removals that are done, but whose answer is lost */
  readonly lostAnswers?: number;
  /** share of streams and listings that break off in passing after their first piece */
  readonly cuts?: number;
  /** share of reads that give a byte with a turned bit */
  readonly flips?: number;
  /** names that faults are for; default all */
  readonly match?: (name: string) => boolean;
}

type Fault = 'failures' | 'lostAnswers' | 'cuts' | 'flips';

export function createFaultyStorage(storage: Storage, options: FaultOptions): Storage {
  const calls = new Map<string, number>();
  const { match = () => true } = options;

  /** Decided by the seed, the call, its name, and how often that call was made before. */
  function strikes(fault: Fault, call: string, name: string): boolean {
    const share = options[fault] ?? 0;
    if (share === 0 || !match(name)) return false;
    const what = `${fault} ${call} ${name}`;
    const count = calls.get(what) ?? 0;
    calls.set(what, count + 1);
    const digest = createHash('sha256').update(`${options.seed} ${what} ${count}`).digest();
    return digest.readUInt32BE(0) / 2 ** 32 < share;
  }

  function passing(call: string, name: string): HoldfastError {
    return new HoldfastError('unreachable', `${call} of ${name} fails for a test`, { retryable: true });
  }

  async function act<T>(call: string, name: string, work: () => Promise<T>): Promise<T> {
    if (strikes('failures', call, name)) throw passing(call, name);
    return work();
  }

  async function change(call: string, name: string, work: () => Promise<void>): Promise<void> {
    await act(call, name, work);
    if (strikes('lostAnswers', call, name)) throw passing(call, name);
  }

  async function* walk<T>(call: string, name: string, pieces: AsyncIterable<T>): AsyncGenerator<T> {
    if (strikes('failures', call, name)) throw passing(call, name);
    const cut = strikes('cuts', call, name);
    for await (const piece of pieces) {
      yield piece;
      if (cut) throw passing(call, name);
    }
  }

  return {
    location: storage.location,
    capabilities: storage.capabilities,
    prepare: (how) => act('prepare', '', () => storage.prepare(how)),
    list: (prefix, how) => walk('list', prefix, storage.list(prefix, how)),
    stat: (name, how) => act('stat', name, () => storage.stat(name, how)),
    async read(name, range) {
      const bytes = await act('read', name, () => storage.read(name, range));
      if (bytes.length > 0 && strikes('flips', 'read', name)) {
        const at = bytes.length >> 1;
        bytes[at] = bytes[at]! ^ 1;
      }
      return bytes;
    },
    stream: (name, range) => walk('stream', name, storage.stream(name, range)),
    write: (name, body, how) => change('write', name, () => storage.write(name, body, how)),
    remove: (name, how) => change('remove', name, () => storage.remove(name, how)),
    close: () => storage.close(),
  };
}
