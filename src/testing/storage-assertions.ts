/** What tests of storages say again and again: an expected code, repeatable bytes, a whole listing. */
import assert from 'node:assert/strict';
import { HoldfastError } from '../kernel/errors.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import type { Storage, StoredObject } from '../storage/storage.ts';

/** Rejects unless `work` throws a HoldfastError of that code. */
export async function assertCode(work: Promise<unknown>, code: ErrorCode): Promise<HoldfastError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof HoldfastError, `not a HoldfastError: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return error;
  }
  return assert.fail(`expected the code ${code}, but nothing was thrown`);
}

/** Bytes that look random and are the same each time. */
export function patternBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

export async function listAll(storage: Storage, prefix: string): Promise<StoredObject[]> {
  const found = await Array.fromAsync(storage.list(prefix));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const abortedSignal = AbortSignal.abort(new Error('the test aborts'));

/** Throws unless `parse` refuses each of these locations, in which the password hunter2 stands, and does not repeat it. */
export function assertPasswordRefused(parse: (text: string) => unknown, texts: readonly string[]): void {
  for (const text of texts) {
    assert.throws(
      () => parse(text),
      (error: unknown) => {
        assert.ok(error instanceof HoldfastError);
        assert.equal(error.code, 'usage');
        assert.doesNotMatch(`${error.message} ${error.hint}`, /hunter2/);
        return true;
      },
      text,
    );
  }
}

/**
 * Rejects unless reading, writing and listing are refused for good with that code, each in a sentence with a hint that matches
 * all of `texts` and does not repeat the password hunter2. Closes the storage.
 */
export async function assertRefused(
  storage: Storage,
  code: ErrorCode,
  texts: readonly RegExp[],
): Promise<void> {
  const works = [
    () => storage.read('x'),
    () => storage.write('x', patternBytes(3)),
    () => listAll(storage, ''),
  ];
  for (const work of works) {
    const error = await assertCode(work(), code);
    for (const text of texts) assert.match(`${error.message}; ${error.hint}`, text);
    assert.doesNotMatch(`${error.message}; ${error.hint}`, /hunter2/);
    assert.equal(error.retryable, false, error.message);
  }
  await storage.close();
}
