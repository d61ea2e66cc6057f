/** scrypt (RFC 7914) in about half the time that OpenSSL's takes, so that every verb starts sooner. */
import { scrypt as opensslScrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { createPool, workerModule } from '../pool.ts';
import type { ScryptRequest } from './scrypt-worker.ts';

export interface ScryptCost {
  /** steps of a pass, a power of two */
  readonly N: number;
  /** size of a block in units of 128 bytes */
  readonly r: number;
  /** passes */
  readonly p: number;
}

const openssl = promisify<Uint8Array, Uint8Array, number, Parameters<typeof opensslScrypt>[3], Buffer>(
  opensslScrypt,
);

/** Below this many bytes of memory a pass is done before a thread has started. */
const leastMemory = 4 * 2 ** 20;
/** Two passes at once take twice the memory of one, which is not worth it beyond this. */
const mostMemory = 64 * 2 ** 20;

/** `length` bytes derived from `password` and `salt`, on another thread. The caller bounds the cost. */
export async function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  cost: ScryptCost,
): Promise<Uint8Array> {
  const memory = 128 * cost.r * cost.N;
  if (memory < leastMemory || memory > mostMemory) return scryptOfOpenssl(password, salt, length, cost);
  const module = workerModule(import.meta.url, './scrypt-worker');
  await using pool = createPool<ScryptRequest, Uint8Array>(module, { size: 1, data: undefined });
  return await pool.run({ password, salt, length, cost });
}

/** The same by OpenSSL, on a thread of libuv. */
export async function scryptOfOpenssl(
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  cost: ScryptCost,
): Promise<Uint8Array> {
  const { N, r, p } = cost;
  const maxmem = 128 * r * (N + p + 2) + 2 ** 20;
  return new Uint8Array(await openssl(password, salt, length, { N, r, p, maxmem }));
}
