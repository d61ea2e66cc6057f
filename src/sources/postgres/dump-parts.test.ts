/** Splitting dumps: the parts are the dump again however its bytes come, and what is cut off is noticed. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseCopy, partName } from './copy-statement.ts';
import { splitDump } from './dump-parts.ts';

const heading = (name: string, type: string, data = false) =>
  `--\n-- ${data ? 'Data for ' : ''}Name: ${name}; Type: ${type}; Schema: public; Owner: me\n--\n\n`;
const dump = [
  '--\n-- PostgreSQL database dump\n--\n\n\\restrict abc123\n\nSET x = y;\n\n',
  `${heading('t', 'TABLE')}CREATE TABLE public.t (a text);\n\n\n`,
  `${heading('f', 'FUNCTION')}CREATE FUNCTION f() AS $$\n\\restrict abc123\n--\n$$;\n\n\n`,
  `${heading('t', 'TABLE DATA', true)}COPY public.t (a) FROM stdin;\none\n\\N\n\\\\.\n\\.\n\n\n`,
  `${heading('e', 'TABLE DATA', true)}COPY public."e\nf" ("FROM stdin;", b) FROM stdin;\n\\.\n\n\n`,
  `${heading('s', 'SEQUENCE SET')}SELECT pg_catalog.setval('public.s', 7, true);\n\n\n`,
  `${heading('BLOBS', 'BLOBS', true)}BEGIN;\nCOMMIT;\n\n\n`,
  `${heading('t p', 'CONSTRAINT')}ALTER TABLE t;\n\n\n`,
  '--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc123\n\n',
];

async function* portions(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  // one buffer for all pieces: they are valid until the next is asked for
  const shared = Buffer.alloc(bytes.length);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    const piece = bytes.subarray(at, at + size);
    shared.fill(0x58).set(piece);
    yield shared.subarray(0, piece.length);
    at += size;
  }
}

async function split(text: string, sizes: readonly number[]) {
  const parts: { name: string; text: string; rows: number }[] = [];
  for await (const part of splitDump(portions(text, sizes))) {
    const pieces: Buffer[] = [];
    for await (const piece of part.bytes) pieces.push(Buffer.from(piece));
    const whole = Buffer.concat(pieces).toString();
    const framing = Buffer.concat(part.framing).toString();
    parts.push({
      name: part.name,
      text: whole,
      rows: part.table ? whole.split('\n').length - framing.split('\n').length : 0,
    });
  }
  return parts;
}

test('the parts are the dump again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }),
      async (sizes) => {
        const parts = await split(dump.join(''), sizes);
        assert.deepEqual(
          parts.map(({ name, rows }) => [name, rows]),
          [
            ['1-schema.sql', 0],
            ['2-data.public.t.sql', 3],
            ['2-data.public.e%0Af.sql', 0],
            ['3-sequences.sql', 0],
            ['4-large-objects.sql', 0],
            ['5-schema.sql', 0],
          ],
        );
        const expected = dump.map((text, i) =>
          i === 2 ? text : text.replace('restrict abc123', 'restrict holdfast'),
        );
        assert.equal(parts.map(({ text }) => text).join(''), expected.join(''));
      },
    ),
    { numRuns: 50 },
  );
});

test('a dump that is cut off is no dump', async () => {
  for (const end of [0, 10, 200, dump.slice(0, 4).join('').length - 10, dump.join('').length - 80]) {
    await assert.rejects(split(dump.join('').slice(0, end), [64]), { code: 'truncated' });
  }
});

test('a dump without data is one part', async () => {
  const parts = await split([...dump.slice(0, 3), dump.at(-1)].join(''), [50]);
  assert.deepEqual(
    parts.map(({ name }) => name),
    ['1-schema.sql'],
  );
});

test('names of tables cannot be taken for each other', () => {
  assert.deepEqual(parseCopy('COPY public.t (a) FROM stdin;\n'), { schema: 'public', table: 't' });
  assert.deepEqual(parseCopy('COPY "a.b"."c""d" FROM stdin;\n'), { schema: 'a.b', table: 'c"d' });
  assert.equal(parseCopy('COPY t TO stdout;\n'), undefined);
  assert.notEqual(partName({ schema: 'a.b', table: 'c' }), partName({ schema: 'a', table: 'b.c' }));
  assert.equal(partName({ schema: 'a', table: '../x' }), '2-data.a.%2E%2E%2Fx.sql');
});
