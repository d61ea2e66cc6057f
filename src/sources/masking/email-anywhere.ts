/** Finds e-mail addresses within any text and replaces each: what no rule masks can still hold one. */
import { ByteWriter } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { countCharacters } from './mask-padded.ts';
import type { ValueMasker } from './value-masker.ts';

const at = 0x40;
const quote = 0x27;
const dot = 0x2e;
const backslash = 0x5c;

/** 1: in a local part, 2: in a domain as well. Bytes above 127 are letters of other alphabets. */
const kinds = new Uint8Array(256);
for (const char of "!#$%&'*+/=?^_`{|}~.-") kinds[char.charCodeAt(0)] = 1;
for (let byte = 0; byte < 256; byte++)
  if (/[\dA-Za-z.\x80-\xff-]/.test(String.fromCharCode(byte))) kinds[byte] = 2;

/**
 * Copies the value to the output, each address replaced by what `address` makes of it. An address is what stands
 * around an @ without white space, quotes or brackets, with a dot in its domain.
 */
export function maskEmailsWithin(address: ValueMasker): ValueMasker {
  return {
    mask(input, start, end, output) {
      let copied = start;
      // not indexOf: it would search all that lies behind the value
      for (let sign = start; sign < end; sign++) {
        if (input[sign] !== at) continue;
        const from = localStart(input, copied, sign);
        const to = domainEnd(input, sign + 1, end);
        if (from === sign || to < 0) continue;
        copy(input, copied, from, output);
        address.mask(input, from, to, output);
        copied = to;
        sign = to - 1;
      }
      copy(input, copied, end, output);
      return true;
    },
    plain: false,
  };
}

/** The same in a column of so many characters. Code `failed` for a value that masked addresses make longer. */
export function maskEmailsFitting(emails: ValueMasker, maxLength: number): ValueMasker {
  return {
    mask(input, start, end, output) {
      const from = output.length;
      emails.mask(input, start, end, output);
      const size = output.length - from;
      if (size > maxLength && size > end - start) {
        if (countCharacters(output.buffer, from, output.length) > maxLength) throw tooLong(maxLength);
      }
      return true;
    },
    plain: emails.plain,
  };
}

function tooLong(maxLength: number): HoldfastError {
  return new HoldfastError('failed', `no masked address fits into its ${maxLength} characters`, {
    hint: 'give the column a rule of its own: email with a shorter domain, or pseudonym',
  });
}

/** The same for code, each byte a character: quotes stay where they are, an address ends at them. */
export function maskWithin(source: string, emails: ValueMasker): string {
  return source
    .split(/(['"`])/)
    .map((text) => {
      if (!text.includes('@')) return text;
      const output = new ByteWriter();
      const bytes = Buffer.from(text, 'latin1');
      emails.mask(bytes, 0, bytes.length, output);
      return Buffer.from(output.view()).toString('latin1');
    })
    .join('');
}

function localStart(input: Uint8Array, first: number, sign: number): number {
  let from = sign;
  while (from > first && kinds[input[from - 1]!]! > 0) {
    // a quote belongs to a name such as O'Brien, and otherwise to the text around
    if (from < sign && input[from - 1] === quote && (from - 1 === first || kinds[input[from - 2]!] !== 2))
      break;
    from--;
  }
  // in a text that is itself an escaped one, \nada@example.org begins with a line end
  if (from > first && input[from - 1] === backslash && from < sign - 1) from++;
  return from;
}

/** The end of a domain of at least two names; -1 when there is none. */
function domainEnd(input: Uint8Array, first: number, end: number): number {
  let to = first;
  while (to < end && kinds[input[to]!] === 2) to++;
  while (to > first && !isName(input[to - 1]!)) to--;
  for (let i = first + 1; i < to - 2; i++) if (input[i] === dot) return to;
  return -1;
}

function isName(byte: number): boolean {
  return byte !== dot && byte !== 0x2d;
}

function copy(input: Uint8Array, from: number, to: number, output: ByteWriter): void {
  if (to > from) output.writeRange(input, from, to);
}
