/** Damages bytes as disks, networks, other programs and attackers do. */
import * as fc from 'fast-check';

/** Inserted where a decoder may trust what it reads. */
const poisons: readonly Uint8Array[] = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  '-1',
  '1e99',
  '0.5',
  '18446744073709551615',
  '9'.repeat(400),
  '\\u0000',
  '\\ud800',
  '\\\\x',
  '{"a":[',
  '[['.repeat(50),
  ' \n\t',
]
  .map((text): Uint8Array => Buffer.from(text))
  .concat([Uint8Array.of(0), Uint8Array.of(0xff, 0xff, 0xff, 0xff), Uint8Array.of(0xe2, 0x80)]);

type Damage = (bytes: Buffer) => Buffer;

/** A place in [0, 1) of whatever bytes it is applied to. */
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (share: number, bytes: Buffer) => Math.floor(share * bytes.length);
const sorted = (a: number, b: number, bytes: Buffer): [number, number] => {
  const [first, second] = [at(a, bytes), at(b, bytes)];
  return first < second ? [first, second] : [second, first];
};

const damage: fc.Arbitrary<Damage> = fc.oneof(
  place.map(
    (p): Damage =>
      (bytes) =>
        bytes.subarray(0, at(p, bytes)),
  ),
  place.map(
    (p): Damage =>
      (bytes) =>
        bytes.subarray(at(p, bytes)),
  ),
  fc.tuple(place, fc.nat(7)).map(([p, bit]): Damage => (bytes) => {
    if (bytes.length > 0) bytes[at(p, bytes)]! ^= 1 << bit;
    return bytes;
  }),
  fc.tuple(place, fc.constantFrom(...poisons)).map(
    ([p, poison]): Damage =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(p, bytes)), poison, bytes.subarray(at(p, bytes))]),
  ),
  fc.tuple(place, fc.constantFrom(...poisons)).map(([p, poison]): Damage => (bytes) => {
    bytes.set(poison.subarray(0, bytes.length - at(p, bytes)), at(p, bytes));
    return bytes;
  }),
  // lost, and written twice
  fc.tuple(place, place).map(([a, b]): Damage => (bytes) => {
    const [from, to] = sorted(a, b, bytes);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  }),
  fc.tuple(place, place).map(([a, b]): Damage => (bytes) => {
    const [from, to] = sorted(a, b, bytes);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  }),
);

/** One of the sound byte strings, damaged one to four times. */
export function damaged(sound: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...sound), fc.array(damage, { minLength: 1, maxLength: 4 }))
    .map(([bytes, damages]) =>
      damages.reduce<Buffer>((damagedSoFar, step) => step(damagedSoFar), Buffer.from(bytes)),
    );
}
