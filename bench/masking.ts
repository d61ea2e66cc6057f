/**
 * Masks generated rows and prints the pace: bytes of unmasked rows in a second of processor time, garbage collection on
 * this thread included, so that what else runs on the machine counts less.
 *
 *   node bench/masking.ts [MEGABYTES, default 256]
 */
import { createRowMasker } from '../src/sources/masking/copy-rows.ts';
import { createMaskingKey } from '../src/sources/masking/keyed-functions.ts';
import { parseMaskingRules } from '../src/sources/masking/rules-file.ts';

const megabytes = Number(process.argv[2] ?? 256);
const slabSize = 1 << 20;

const table = {
  schema: 'public',
  name: 'users',
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'email', type: 'character varying(255)' },
    { name: 'name', type: 'text' },
    { name: 'phone', type: 'text' },
    { name: 'country', type: 'character(2)' },
    { name: 'created', type: 'timestamp with time zone' },
    { name: 'active', type: 'boolean' },
    { name: 'login', type: 'uuid' },
    { name: 'balance', type: 'numeric(10,2)' },
    { name: 'settings', type: 'text' },
  ],
};

const key = createMaskingKey(Buffer.from('a key for measuring only'));
const slabs = makeSlabs();

measure('nothing', '');
measure('email, name, phone', 'columns: { email: email, name: name, phone: phone }');
measure('email, name, pseudonym', 'columns: { email: email, name: name, login: pseudonym }');
measure('email, number, date', 'columns: { email: email, balance: number, created: date }');
measure('email, name, text', 'columns: { email: email, name: name, settings: text }');
measure(
  'three, and e-mail anywhere',
  `email-anywhere: nobody@example.com
columns: { email: email, name: name, phone: phone }`,
);
measure('e-mail anywhere alone', 'email-anywhere: nobody@example.com');

/** Sixteen slabs of rows that all differ. */
function makeSlabs(): Uint8Array[] {
  const slabs: Uint8Array[] = [];
  for (let id = 1; slabs.length < 16;) {
    let text = '';
    for (; text.length < slabSize; id++) {
      const fields = [
        id,
        `person.${id}@mail${id % 97}.example.org`,
        `Given${id % 1009} Family${id % 5003}`,
        `+358 40 ${String(1_000_000 + ((id * 7919) % 9_000_000))}`,
        'FI',
        `2026-0${1 + (id % 9)}-1${id % 10} 12:${10 + (id % 50)}:00+02`,
        't',
        `${id.toString(16).padStart(8, '0')}-1c2d-4e5f-8a9b-0123456789ab`,
        `${id % 100_000}.${10 + (id % 90)}`,
        'theme=dark;language=fi;page=20',
      ];
      text += `${fields.join('\t')}\n`;
    }
    slabs.push(Buffer.from(text));
  }
  return slabs;
}

function measure(what: string, rules: string): void {
  const masker = createRowMasker(parseMaskingRules(rules === '' ? '{}' : rules, 'bench'), key, table);
  for (const slab of slabs) masker.mask(slab);
  let bytes = 0;
  const before = masker.rows;
  const start = process.threadCpuUsage();
  for (let n = 0; bytes < megabytes * 1e6; n++) {
    const slab = slabs[n % slabs.length]!;
    masker.mask(slab);
    bytes += slab.length;
  }
  const { user, system } = process.threadCpuUsage(start);
  const seconds = (user + system) / 1e6;
  const rows = masker.rows - before;
  process.stdout.write(
    `${what.padEnd(28)} ${(bytes / seconds / 1e6).toFixed(0).padStart(5)} MB/s  ` +
      `${((seconds * 1e9) / rows).toFixed(0).padStart(5)} ns a row of ${Math.round(bytes / rows)} bytes\n`,
  );
}
