/**
 * The keyed functions behind every masked value: what a value becomes depends on the value and the key alone, so it
 * is the same in every table and every night, and without the key nobody can tell which value it was.
 *
 * All of it is SipHash-2-4 (Aumasson and Bernstein, 2012), with 128 bits where a digest is wanted: a pseudo-random
 * function made for short inputs, 64-bit words and a 128-bit key, unbroken in fourteen years of wide use. It is used
 * as one here (an output tells nothing about other outputs or the key), not as a hash whose collisions an attacker
 * could seek without the key: two values share 80 bits with a chance below one in a billion among ten million.
 * HMAC-SHA-256 does the same at twenty times the price. It derives the keys of the single uses from the secret, and
 * shortens values that are too long for the WebAssembly memory.
 *
 * Who holds the key can try values and see which one fits, as with any pseudonym: the key belongs where the
 * unmasked data is.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { HoldfastError } from '../../kernel/errors.ts';
import { RunCopier } from '../../kernel/run-copier.ts';

/** The longest value that is worked on as it is; what permutes takes no longer one. */
export const scratchSize = 16384;

/** The functions under one key, for one use (`email`, `pseudonym`). Not to be shared between threads. */
export interface KeyedFunctions {
  /** where values lie that are permuted, and where `expand` writes: scratchSize bytes, shared by all */
  readonly scratch: Uint8Array;
  /** the last digest, as four numbers of 32 bits: valid until the next call */
  readonly digest: Uint32Array;
  /** Sets `digest` to the one of input[start, end); another `attempt` gives another digest of the same value. */
  hash(input: Uint8Array, start: number, end: number, attempt?: number): void;
  /** Sets `digest` to the one of the value with small ASCII letters. */
  hashFolded(input: Uint8Array, start: number, end: number): void;
  /** Puts input[start, end) into scratch, to be permuted there. */
  load(input: Uint8Array, start: number, end: number): void;
  /** Fills the first `length` bytes of scratch with bytes that the last digest decides. */
  expand(length: number): void;
  /** Permutes the decimal digits scratch[start, start + length): below 2^64, without leading zeros. */
  permuteInteger(start: number, length: number, negative: boolean): void;
  /** Permutes the ASCII letters and digits of scratch[0, length), each within its own kind. */
  permuteShape(length: number): void;
  /** Permutes scratch[0, length), at most seven bytes. */
  permuteBytes(length: number): void;
}

/** A secret from which the keys of all uses are derived. */
export interface MaskingKey {
  functions(use: string): KeyedFunctions;
}

interface Exports {
  scratchAddress(): number;
  resultAddress(): number;
  digest(length: number, a: number, b: number, c: number, d: number): void;
  expand(length: number): void;
  permuteInteger(
    start: number,
    length: number,
    negative: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): void;
  permuteShape(length: number, a: number, b: number, c: number, d: number): void;
  permuteBytes(length: number, a: number, b: number, c: number, d: number): void;
}

/** Fewer bytes than these could be guessed. */
const minSecretSize = 16;

/** A key of at least 16 secret bytes; code `usage` when they are fewer. */
export function createMaskingKey(secret: Uint8Array): MaskingKey {
  if (secret.length < minSecretSize) {
    throw new HoldfastError('usage', `the masking key has ${secret.length} bytes, at least 16 are needed`, {
      hint: '`openssl rand -hex 32` makes a good one',
    });
  }
  const material = Buffer.from(secret);
  const instance = instantiate();
  return {
    functions: (use) => {
      const subkey = createHmac('sha256', material).update(`holdfast masking 1\0${use}`).digest();
      return bind(instance, subkey);
    },
  };
}

interface Instance {
  readonly exports: Exports;
  readonly scratch: Uint8Array;
  readonly digest: Uint32Array;
}

function bind({ exports, scratch, digest }: Instance, subkey: Buffer): KeyedFunctions {
  const copier = new RunCopier();
  const a = subkey.readInt32LE(0);
  const b = subkey.readInt32LE(4);
  const c = subkey.readInt32LE(8);
  const d = subkey.readInt32LE(12);
  return {
    scratch,
    digest,
    hash(input, start, end, attempt = 0) {
      let length = end - start;
      // two bytes are left for the attempt
      if (length > scratchSize - 2) {
        scratch.set(createHmac('sha256', subkey).update(input.subarray(start, end)).digest());
        length = 32;
      } else {
        copier.copy(input, start, end, scratch, 0);
      }
      if (attempt > 0) {
        // no UTF-8 text ends in these
        scratch[length++] = 0xff;
        scratch[length++] = attempt;
      }
      exports.digest(length, a, b, c, d);
    },
    hashFolded(input, start, end) {
      if (end - start > scratchSize - 2) {
        this.hash(Buffer.from(input.subarray(start, end)).map(lower), 0, end - start);
        return;
      }
      for (let i = 0, at = start; at < end; i++, at++) scratch[i] = lower(input[at]!);
      exports.digest(end - start, a, b, c, d);
    },
    load: (input, start, end) => copier.copy(input, start, end, scratch, 0),
    expand: exports.expand,
    permuteInteger: (start, length, negative) =>
      exports.permuteInteger(start, length, negative ? 1 : 0, a, b, c, d),
    permuteShape: (length) => exports.permuteShape(length, a, b, c, d),
    permuteBytes: (length) => exports.permuteBytes(length, a, b, c, d),
  };
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

let compiled: WebAssembly.Module | undefined;

function instantiate(): Instance {
  try {
    compiled ??= new WebAssembly.Module(readFileSync(new URL('./keyed.wasm', import.meta.url)));
  } catch (cause) {
    throw new HoldfastError('failed', 'the masking functions, keyed.wasm, cannot be loaded', {
      hint: 'run `npm run build`, or install the package again',
      cause,
    });
  }
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536 });
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  const exports = instance.exports as unknown as Exports;
  return {
    exports,
    scratch: new Uint8Array(memory.buffer, exports.scratchAddress(), scratchSize),
    digest: new Uint32Array(memory.buffer, exports.resultAddress(), 4),
  };
}
