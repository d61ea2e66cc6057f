/** Made-up names, addresses and texts: keyed choices from lists of words. The same value gives the same words. */
import type { ByteWriter } from '../../kernel/bytes.ts';
import { type KeyedFunctions, scratchSize } from './keyed-functions.ts';
import type { AddressPart, NamePart } from './rule.ts';
import { type ValueMasker, writeUnlike } from './value-masker.ts';
import { cities, fillerWords, firstNames, lastNames, streets } from './word-lists.ts';

type Words = readonly Uint8Array[];

export function maskName(
  functions: KeyedFunctions,
  part: NamePart,
  maxLength: number | undefined,
): ValueMasker {
  return maskWith(functions, maxLength, (digest, output) => {
    if (part !== 'last') choose(firstNames, digest[0]!, output);
    if (part === 'full') output.writeByte(space);
    if (part !== 'first') choose(lastNames, digest[1]!, output);
  });
}

export function maskAddress(
  functions: KeyedFunctions,
  part: AddressPart,
  maxLength: number | undefined,
): ValueMasker {
  return maskWith(functions, maxLength, (digest, output) => {
    if (part === 'full' || part === 'street') {
      choose(streets, digest[0]!, output);
      output.writeAscii(` ${1 + scaled(digest[1]!, 180)}`);
    }
    if (part === 'full') output.writeAscii(', ');
    if (part === 'full' || part === 'postcode') output.writeAscii(String(10000 + scaled(digest[2]!, 90000)));
    if (part === 'full') output.writeByte(space);
    if (part === 'full' || part === 'city') choose(cities, digest[3]!, output);
  });
}

/** Filler words of the same length in bytes. Of very long texts the filler is repeated. */
export function maskText(functions: KeyedFunctions, maxLength: number | undefined): ValueMasker {
  return {
    mask(input, start, end, output) {
      const length = Math.min(end - start, maxLength ?? Infinity);
      writeUnlike(input, start, end, output, (attempt) => {
        functions.hash(input, start, end, attempt);
        const from = output.length;
        const target = output.reserve(length);
        const random = Math.min(scratchSize, (length >>> 2) + 16);
        functions.expand(random);
        const { scratch } = functions;
        let at = from;
        const stop = from + length;
        for (let n = 0; at < stop; n = (n + 1) % random) {
          if (at > from) target[at++] = space;
          const word = fillerWords[(scratch[n]! * fillerWords.length) >>> 8]!;
          for (let i = 0; i < word.length && at < stop; i++) target[at++] = word[i]!;
        }
        if (length > 0 && target[stop - 1] === space) target[stop - 1] = fullStop;
        output.length = stop;
      });
      return true;
    },
    plain: true,
  };
}

const space = 0x20;
const fullStop = 0x2e;

function maskWith(
  functions: KeyedFunctions,
  maxLength: number | undefined,
  write: (digest: Uint32Array, output: ByteWriter) => void,
): ValueMasker {
  return {
    mask(input, start, end, output) {
      writeUnlike(input, start, end, output, (attempt) => {
        functions.hash(input, start, end, attempt);
        const from = output.length;
        write(functions.digest, output);
        if (maxLength !== undefined && output.length - from > maxLength) {
          output.length = from + maxLength;
          // spaces at the end are lost in columns of type char
          if (output.buffer[output.length - 1] === space) output.length--;
        }
      });
      return true;
    },
    plain: true,
  };
}

function choose(list: Words, bits: number, output: ByteWriter): void {
  output.writeBytes(list[scaled(bits, list.length)]!);
}

/** 32 random bits as a number from 0 to size - 1. */
function scaled(bits: number, size: number): number {
  return Math.floor((bits / 0x1_0000_0000) * size);
}
