/** Makes encodings of what was chosen, and stacks them. What only one of them needs is loaded when it is chosen. */
import { HoldfastError } from '../../../kernel/errors.ts';
import { type Encoding, type EncodingName, faultOfStack } from './encoding.ts';

export type EncodingChoice =
  | { readonly name: 'gzip'; /** 1 to 9, default 6 */ readonly level?: number }
  /** lz4 has one level here: who wants small files takes zstd */
  | { readonly name: 'lz4' }
  | { readonly name: 'zstd'; /** 1 to 19, default 3 */ readonly level?: number }
  /** files with one or more OpenPGP certificates each, armored or not: every one of them can open what is written */
  | { readonly name: 'openpgp'; readonly recipients: readonly string[] }
  /** `age1...`, or files with one such recipient a line */
  | { readonly name: 'age'; readonly recipients: readonly string[] };

/** What opens what was encrypted. */
export interface DecodingKeys {
  /** files with OpenPGP private keys, armored or not */
  readonly openpgpKeys?: readonly string[];
  /** age identity files */
  readonly ageIdentities?: readonly string[];
  /** asked for once, and only when a key file is locked */
  readonly passphrase?: () => Promise<string>;
}

/** Encodings in the order of encoding, ready to encode. Code `usage` when they do not stack or a recipient is no good. */
export async function openEncodings(choices: readonly EncodingChoice[]): Promise<readonly Encoding[]> {
  refuseBadStack(choices.map(({ name }) => name));
  return Promise.all(choices.map((choice) => openEncoding(choice, {})));
}

/** Encodings in the order of encoding, ready to decode what was encoded with these (see `encodingsOfName`). */
export async function openDecodings(
  names: readonly EncodingName[],
  keys: DecodingKeys = {},
): Promise<readonly Encoding[]> {
  refuseBadStack(names);
  return Promise.all(
    names.map((name) =>
      openEncoding(name === 'openpgp' || name === 'age' ? { name, recipients: [] } : { name }, keys),
    ),
  );
}

/** The bytes through all encodings, first to last. */
export function encodeThrough(
  encodings: readonly Encoding[],
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return encodings.reduce((inner, encoding) => encoding.encode(inner, signal), bytes);
}

/** The way back: the bytes through all encodings, last to first. */
export function decodeThrough(
  encodings: readonly Encoding[],
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return encodings.reduceRight((inner, encoding) => encoding.decode(inner, signal), bytes);
}

function refuseBadStack(names: readonly EncodingName[]): void {
  const fault = faultOfStack(names);
  if (fault !== undefined) throw new HoldfastError('usage', fault);
}

async function openEncoding(choice: EncodingChoice, keys: DecodingKeys): Promise<Encoding> {
  switch (choice.name) {
    case 'gzip':
      return (await import('./gzip.ts')).gzipEncoding(choice.level);
    case 'zstd':
      return (await import('./zstd.ts')).zstdEncoding(choice.level);
    case 'lz4':
      return (await import('./lz4.ts')).lz4Encoding();
    case 'openpgp':
      return (await import('./openpgp.ts')).openpgpEncoding(choice.recipients, keys);
    case 'age':
      return (await import('./age.ts')).ageEncoding(choice.recipients, keys);
  }
}
