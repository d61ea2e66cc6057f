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
