/** Numbers in floating point: what a rule makes of one is written as its server writes it, and so means the same row. */
import type { ValueMasker } from './value-masker.ts';

/** Decimal digits that numbers of four and of eight bytes keep, and before the point of those without an exponent. */
const [singleDigits, doubleDigits] = [6, 15];

/** `type` as the server gives it: `real`, `double precision`. */
export function maskFloat(numbers: ValueMasker, type: string): ValueMasker {
  const [digits, isPlain] = /^(?:real|float4|float)\b/i.test(type)
    ? [singleDigits, isPlainSingle]
    : [doubleDigits, isPlainDouble];
  return {
    mask(input, start, end, output) {
      const from = output.length;
      numbers.mask(input, start, end, output);
      const text = Buffer.from(output.buffer.subarray(from, output.length)).toString('latin1');
      const value = Number(text);
      if (text === '' || !Number.isFinite(value)) return true;
      output.length = from;
      output.writeAscii(shown(rounded(value, digits, isPlain), digits));
      return true;
    },
    plain: true,
  };
}

/** The number with so many digits, or as many fewer as it takes to lie nearer to one binary number than to any other. */
function rounded(value: number, digits: number, isPlain: (value: number) => boolean): number {
  for (let some = digits; some > 1; some--) {
    const short = Number(value.toPrecision(some));
    if (isPlain(short)) return short;
  }
  return Number(value.toPrecision(1));
}

function isPlainSingle(value: number): boolean {
  const step = Math.abs(value) * Number.EPSILON;
  return Math.fround(value - step) === Math.fround(value + step);
}

/** Whole numbers of more than 53 bits alone can lie in the middle between two. */
function isPlainDouble(value: number): boolean {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return true;
  const [mantissa = '', power] = Math.abs(value).toExponential().replace('.', '').split('e');
  const zeros = Number(power) - (mantissa.length - 1);
  if (zeros < 0) return false;
  const decimal = BigInt(mantissa) * 10n ** BigInt(zeros);
  const binary = BigInt(Math.abs(value));
  const far = decimal > binary ? decimal - binary : binary - decimal;
  // half of the distance to the next number, and of the shorter one below a power of two
  return 4n * far < BigInt(2 ** (Math.floor(Math.log2(Math.abs(value))) - 52));
}

/** Without needless digits, with an exponent where more than `plain` digits would stand before the point. */
function shown(value: number, plain: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, power] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < plain) return String(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
