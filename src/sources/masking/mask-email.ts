/** E-mail addresses that lead nowhere: 80 keyed bits at a domain that is reserved for examples. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { KeyedFunctions } from './keyed-functions.ts';
import type { ValueMasker } from './value-masker.ts';

/** 32 characters that stay apart where letters of either case are the same. */
const alphabet = Buffer.from('abcdefghijklmnopqrstuvwxyz234567');

/** With 80 bits two of ten million values meet with a chance of one in 24 billion. */
const tokenLength = 16;
const minTokenLength = 8;

export interface EmailOptions {
  readonly domain: string;
  readonly ignoreCase: boolean;
  /** in characters; code `usage` when no address fits */
  readonly maxLength: number | undefined;
  /** the column takes no value twice */
  readonly unique: boolean;
}

export function maskEmail(functions: KeyedFunctions, options: EmailOptions): ValueMasker {
  const domain = Buffer.from(`@${options.domain}`);
  const length = Math.min(tokenLength, (options.maxLength ?? Infinity) - domain.length);
  if (length < (options.unique ? 12 : minTokenLength)) {
    throw new HoldfastError(
      'usage',
      `no masked address at ${options.domain} fits into ${options.maxLength} characters`,
      {
        hint: 'give a shorter domain, or use the rule pseudonym',
      },
    );
  }
  return {
    mask(input, start, end, output) {
      if (options.ignoreCase) functions.hashFolded(input, start, end);
      else functions.hash(input, start, end);
      writeToken(functions.digest, length, output.reserve(length + domain.length), output.length);
      output.length += length;
      output.writeBytes(domain);
      return true;
    },
    plain: true,
  };
}

/** Writes up to 25 characters of the digest, five bits each; the first is a letter. */
export function writeToken(digest: Uint32Array, length: number, target: Uint8Array, at: number): void {
  let word = digest[0]!;
  for (let i = 0; i < length; i++) {
    if (i > 0 && i % 6 === 0) word = digest[i / 6]!;
    target[at + i] = alphabet[word & 31]!;
    word >>>= 5;
  }
  // one bit less: digits become letters
  const first = target[at]!;
  if (first < 97) target[at] = first + 50;
}
