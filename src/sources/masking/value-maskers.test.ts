import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { parseColumnType } from './column-type.ts';
import { maskEmailsWithin } from './email-anywhere.ts';
import { createMaskingKey, type KeyedFunctions, scratchSize } from './keyed-functions.ts';
import { maskFixed, maskNull } from './mask-constant.ts';
import { maskDate } from './mask-date.ts';
import { maskEmail } from './mask-email.ts';
import { maskNumber } from './mask-number.ts';
import { maskBinaryPseudonym, maskPhone, maskPseudonym } from './mask-pseudonym.ts';
import { maskAddress, maskName, maskText } from './mask-words.ts';
import type { ValueMasker } from './value-masker.ts';

const functions = createMaskingKey(Buffer.from('0123456789abcdef')).functions('test');
const others = createMaskingKey(Buffer.from('0123456789abcdeg')).functions('test');

function apply(masker: ValueMasker, value: string | Uint8Array): string {
  const output = new ByteWriter(1);
  const input = Buffer.concat([Buffer.from('<'), Buffer.from(value as string), Buffer.from('>')]);
  assert.ok(masker.mask(input, 1, input.length - 1, output));
  return Buffer.from(output.view()).toString();
}

const email = (f: KeyedFunctions) =>
  maskEmail(f, { domain: 'example.com', ignoreCase: false, maxLength: undefined, unique: false });
const pseudonym = (f: KeyedFunctions) => maskPseudonym(f, { ignoreCase: false, maxLength: undefined });
const textType = parseColumnType('text');

/** Rules under which no value may be told, each with values that it is made for. */
const keyed: Record<string, [make: (f: KeyedFunctions) => ValueMasker, values: fc.Arbitrary<string>]> = {
  email: [email, fc.emailAddress()],
  'first name': [(f) => maskName(f, 'first', undefined), fc.stringMatching(/^[A-Z][a-zäö]{2,20}$/)],
  name: [(f) => maskName(f, 'full', undefined), fc.string({ minLength: 3, unit: 'grapheme' })],
  address: [(f) => maskAddress(f, 'full', undefined), fc.string({ minLength: 3 })],
  phone: [(f) => maskPhone(f, '', undefined), fc.stringMatching(/^\+?[0-9]{3}[0-9 ()-]{3,12}$/)],
  'phone that is none': [(f) => maskPhone(f, '', undefined), fc.string({ minLength: 3, unit: 'grapheme' })],
  text: [(f) => maskText(f, undefined), fc.string({ minLength: 3, maxLength: 2000, unit: 'grapheme' })],
  'pseudonym of a word': [pseudonym, fc.stringMatching(/^[a-zA-Z0-9][ -~]{2,40}$/)],
  'pseudonym of any text': [
    pseudonym,
    fc.string({ minLength: 3, unit: 'grapheme' }).filter((t) => /[^\0-\x7f]/.test(t)),
  ],
  'pseudonym of a number': [pseudonym, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String)],
  'pseudonym of a UUID': [pseudonym, fc.uuid()],
  number: [
    (f) => maskNumber(f, { share: 0.1 }, textType),
    fc.bigInt({ min: 1n, max: 10n ** 30n }).map((n) => `${n}.25`),
  ],
  date: [
    (f) => maskDate(f, 90 * 86_400),
    fc
      .date({ min: new Date('1000-06-01'), max: new Date('9990-01-01'), noInvalidDate: true })
      .map((d) => d.toISOString().slice(0, 10)),
  ],
};

for (const [name, [make, values]] of Object.entries(keyed)) {
  test(`${name}: never holds the value, and depends on value and key alone`, () => {
    const masker = make(functions);
    const [again, other] = [make(functions), make(others)];
    let equal = 0;
    let runs = 0;
    fc.assert(
      fc.property(values, (value) => {
        const masked = apply(masker, value);
        assert.ok(!masked.toLowerCase().includes(value.toLowerCase()), `${value} in ${masked}`);
        assert.equal(apply(again, value), masked);
        if (masker.plain) assert.match(masked, /^[ -&(-[\]-~]*$/);
        if (apply(other, value) === masked) equal++;
        runs++;
      }),
    );
    // two keys may agree on a choice from a short list now and then
    assert.ok(equal <= runs / 4, `${equal} of ${runs} are the same under another key`);
  });
}

test('what stands around a value is nothing to it', () => {
  const beside = fc.constantFrom('.5', '7', '-', '@b.example', ' ', '+02', 'Z', ':00', 'ä', '\\');
  const times = keyed['date']![1].map((date) => `${date} 12:34:56`);
  const made: typeof keyed = {
    ...keyed,
    time: [(f) => maskDate(f, 9000), times],
    'e-mail anywhere': [(f) => maskEmailsWithin(email(f)), fc.string()],
  };
  for (const [rule, [make, values]] of Object.entries(made)) {
    const masker = make(functions);
    fc.assert(
      fc.property(values, beside, beside, (value, before, after) => {
        const input = Buffer.from(before + value + after);
        const output = new ByteWriter(1);
        const start = Buffer.byteLength(before);
        masker.mask(input, start, start + Buffer.byteLength(value), output);
        assert.equal(Buffer.from(output.view()).toString(), apply(masker, value), rule);
      }),
      { numRuns: 60 },
    );
  }
});

test('unique stays unique', () => {
  const cases: [ValueMasker, (i: number) => string][] = [
    [email(functions), (i) => `person${i}@example.org`],
    [
      maskEmail(functions, { domain: 'a.fi', ignoreCase: false, maxLength: 17, unique: true }),
      (i) => `p${i}@x.fi`,
    ],
    [pseudonym(functions), (i) => String(i)],
    [pseudonym(functions), (i) => String(-i)],
    [pseudonym(functions), (i) => `0${i}`],
    [pseudonym(functions), (i) => `AB-${i}`],
    [pseudonym(functions), (i) => `Åke ${i}`],
    [pseudonym(functions), (i) => `a long customer number ${i}`],
    [pseudonym(functions), (i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`],
    [maskPhone(functions, '', undefined), (i) => `+358 ${i}`],
  ];
  for (const [masker, value] of cases) {
    const masked = new Set<string>();
    for (let i = 1; i <= 5000; i++) masked.add(apply(masker, value(i)).toLowerCase());
    assert.equal(masked.size, 5000, value(1));
  }
});

test('pseudonyms of numbers, with leading zeros and without, stay apart', () => {
  const masked = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    for (const value of new Set([String(i), `0${i}`, `00${i}`, `-${i}`])) {
      assert.ok(!masked.has(apply(pseudonym(functions), value)), value);
      masked.add(apply(pseudonym(functions), value));
    }
  }
});

test('masked values fit into the column', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.string({ minLength: 1, unit: 'grapheme' }),
      (maxLength, text) => {
        const value = Array.from(text).slice(0, maxLength).join('');
        const maskers = [
          maskName(functions, 'full', maxLength),
          maskAddress(functions, 'full', maxLength),
          maskText(functions, maxLength),
          maskPhone(functions, '', maxLength),
          maskPseudonym(functions, { ignoreCase: false, maxLength }),
        ];
        for (const masker of maskers) assert.ok(Array.from(apply(masker, value)).length <= maxLength);
      },
    ),
  );
  const address = maskEmail(functions, {
    domain: 'example.com',
    ignoreCase: false,
    maxLength: 20,
    unique: false,
  });
  assert.match(apply(address, 'a@b.fi'), /^[a-z][a-z2-7]{7}@example\.com$/);
  for (const [maxLength, unique] of [
    [19, false],
    [20, true],
  ] as const) {
    assert.throws(
      () => maskEmail(functions, { domain: 'example.com', ignoreCase: false, maxLength, unique }),
      (error) => error instanceof HoldfastError && error.code === 'usage' && error.hint !== undefined,
    );
  }
});

test('options: case, prefix, parts', () => {
  const folded = maskEmail(functions, {
    domain: 'x.fi',
    ignoreCase: true,
    maxLength: undefined,
    unique: false,
  });
  assert.equal(apply(folded, 'Ada@X.org'), apply(folded, 'ada@x.ORG'));
  const lower = maskPseudonym(functions, { ignoreCase: true, maxLength: undefined });
  assert.equal(apply(lower, 'AB-12'), apply(lower, 'ab-12'));
  assert.match(apply(maskPhone(functions, '999', undefined), '+358 40 123'), /^\+999 \d\d \d\d\d$/);
  assert.match(apply(maskName(functions, 'full', undefined), 'Ann Li'), /^[A-Z][a-z]+ [A-Z][a-z]+$/);
  assert.match(apply(maskAddress(functions, 'full', undefined), 'x'), /^[A-Z][a-z]+ \w+ \d+, \d{5} \w+$/);
  assert.match(apply(maskAddress(functions, 'postcode', undefined), 'x'), /^\d{5}$/);
  assert.equal(apply(maskFixed("it's"), 'x'), "it's");
  assert.equal(maskNull.mask(Buffer.from('x'), 0, 1, new ByteWriter()), false);
  assert.match(
    apply(pseudonym(functions), '6F9619FF-8B86-4011-B42D-00CF4FC964FF'),
    /^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-B/,
  );
});

test('very long values are masked in bounded memory', () => {
  const long = `${'x'.repeat(3 * scratchSize)}y`;
  assert.equal(apply(maskText(functions, undefined), long).length, long.length);
  assert.match(apply(pseudonym(functions), long), /^[a-z2-7]{16}$/);
});

test('binary pseudonyms keep their length and stay apart', () => {
  const masker = maskBinaryPseudonym(functions);
  const mask = (bytes: Buffer) => {
    const output = new ByteWriter();
    assert.ok(masker.mask(bytes, 0, bytes.length, output));
    return Buffer.from(output.take());
  };
  for (const size of [1, 2, 7, 8, 16, 33, 2 * scratchSize + 1]) {
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const value = Buffer.alloc(size, i);
      const masked = mask(value);
      assert.equal(masked.length, size);
      assert.ok(!masked.equals(value));
      seen.add(masked.toString('hex'));
    }
    assert.equal(seen.size, 200);
  }
});

test('numbers move within their bound and keep sign, decimals, digits and type', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 10n ** 25n }),
      fc.nat(6),
      fc.boolean(),
      fc.constantFrom<{ share: number } | { amount: number }>(
        { share: 0.1 },
        { amount: 50 },
        { amount: 0.5 },
      ),
      (units, decimals, negative, by) => {
        const digits = String(units).padStart(decimals + 1, '0');
        const value = `${digits.slice(0, digits.length - decimals)}${decimals ? `.${digits.slice(-decimals)}` : ''}`;
        const masked = apply(maskNumber(functions, by, textType), `${negative ? '-' : ''}${value}`);
        assert.equal(masked.startsWith('-'), negative);
        const bare = masked.replace('-', '');
        assert.match(bare, decimals ? new RegExp(`^\\d+\\.\\d{${decimals}}$`) : /^\d+$/);
        assert.ok(bare.length <= value.length, `${value} ${bare}`);
        const after = BigInt(bare.replace('.', ''));
        const far = after > units ? after - units : units - after;
        const bound = 'share' in by ? units / 10n : (BigInt(by.amount * 10) * 10n ** BigInt(decimals)) / 10n;
        assert.ok(far > 0n);
        if (bound >= 1n && bound <= units) assert.ok(far <= bound, `${value} ${masked} ${far} ${bound}`);
      },
    ),
  );
  const small = maskNumber(functions, { amount: 100 }, parseColumnType('tinyint'));
  for (let i = 0; i < 128; i++) assert.ok(Number(apply(small, String(i))) <= 127);
  const share = maskNumber(functions, { share: 0.1 }, parseColumnType('double precision'));
  for (const kept of ['0', '0.00', 'NaN', '-Infinity', 'Infinity']) assert.equal(apply(share, kept), kept);
  assert.ok(Math.abs(Number(apply(share, '1e+20')) - 1e20) <= 1e19);
  assert.match(apply(share, 'about 5k'), /^[1-9]{8}$/);
});

test('dates move within their bound and keep their form', () => {
  const days = 30;
  const masker = maskDate(functions, days * 86_400);
  const tests: [value: string, form: RegExp][] = [
    ['2024-02-29', /^\d{4}-\d\d-\d\d$/],
    ['2024-02-29 12:30:45', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/],
    ['2024-02-29T12:30:45Z', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/],
    ['2024-02-29 12:30:45.123456+02', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+02$/],
    ['1815-12-10 00:00:00-05:30', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d-05:30$/],
  ];
  for (const [value, form] of tests) {
    const masked = apply(masker, value);
    assert.match(masked, form);
    assert.notEqual(masked, value);
    const far = Math.abs(Date.parse(masked.slice(0, 10)) - Date.parse(value.slice(0, 10))) / 86_400_000;
    assert.ok(far <= days + 1, `${value} ${masked}`);
  }
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0002-01-01'), max: new Date('9998-01-01'), noInvalidDate: true }),
      (date) => {
        const value = date.toISOString().slice(0, 19);
        const masked = apply(masker, value);
        const far = Math.abs(Date.parse(`${masked}Z`) - Date.parse(`${value}Z`)) / 1000;
        assert.ok(far >= 1 && far <= days * 86_400, `${value} ${masked}`);
      },
    ),
  );
  for (const kept of ['infinity', '-infinity', '0000-00-00', '0000-00-00 00:00:00']) {
    assert.equal(apply(masker, kept), kept);
  }
  for (const odd of [
    '10.12.1815',
    '0044-03-15 BC',
    '2024-13-01',
    '2024-01-01 anna@x.org',
    'yesterday',
    '2024-01-01 1',
  ]) {
    assert.match(apply(masker, odd), /^(?:19[789]\d|200\d)-\d\d-\d\d$/, odd);
  }
  // what fits into MySQL's timestamp still does
  for (let i = 1; i < 28; i++) {
    assert.ok(
      apply(masker, `2038-01-${String(Math.min(i, 17)).padStart(2, '0')} 00:00:0${i % 10}`) < '2038-01-19',
    );
    assert.ok(apply(masker, `1970-01-${String(i + 2).padStart(2, '0')} 00:00:00`) > '1970-01-01 00:00:01');
  }
});

test('addresses within texts', () => {
  const masker = maskEmailsWithin(maskFixed('nobody@example.com'));
  const cases: [string, string][] = [
    ['ada@example.org', 'nobody@example.com'],
    [
      'write to ada.l+x@mail.example.org, or <bob@x.fi>.',
      'write to nobody@example.com, or <nobody@example.com>.',
    ],
    ["'o'brien@x.ie'", "'nobody@example.com'"],
    ['mailto:åsa@kött.se?x', 'mailto:nobody@example.com?x'],
    ['"a"@x and @home and me@localhost', '"a"@x and @home and me@localhost'],
    ['line\\nada@example.org', 'line\\nnobody@example.com'],
    ['a@b@example.org', 'a@nobody@example.com'],
    ['a@x.fi;b@x.fi', 'nobody@example.com;nobody@example.com'],
    ['@', '@'],
    ['', ''],
  ];
  for (const [text, expected] of cases) assert.equal(apply(masker, text), expected);
  fc.assert(
    fc.property(fc.emailAddress(), fc.string(), fc.string(), (address, before, after) => {
      const masked = apply(masker, `${before} ${address} ${after}`);
      assert.ok(!masked.includes(address), masked);
    }),
  );
});
