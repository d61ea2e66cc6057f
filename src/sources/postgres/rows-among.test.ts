import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PartBlock } from '../database/part-rows.ts';
import { rowsAmong } from './rows-among.ts';

const head =
  '--\n-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: x\n--\n\nCOPY public.t (a) FROM stdin;\n';

async function found(
  blocks: readonly (readonly [text: string, place: PartBlock['place']])[],
): Promise<string> {
  async function* given(): AsyncGenerator<PartBlock, void, void> {
    for (const [text, place] of blocks) yield { bytes: Buffer.from(text), place };
  }
  return Buffer.concat(await Array.fromAsync(rowsAmong(given()))).toString();
}

test('rows between the statement and the end, wherever blocks end', async () => {
  const row = fc.stringMatching(/^[a-z\\.-]{0,6}$/).filter((text) => text !== '\\.');
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 8 }), fc.array(fc.nat(400)), async (rows, cuts) => {
      const text = rows.map((one) => `${one}\n`).join('');
      const part = `${head}${text}\\.\n\n\n`;
      // lines are whole in blocks, but for very long ones
      const ends = [...new Set(cuts)].map((cut) => part.indexOf('\n', cut) + 1).sort((a, b) => a - b);
      const places = [...new Set([0, ...ends.filter((end) => end > 0), part.length])].sort((a, b) => a - b);
      const blocks = places.slice(0, -1).map((from, i) => {
        return [part.slice(from, places[i + 1]), i === 0 ? 'start' : 'next'] as const;
      });
      assert.equal(await found(blocks), text);
    }),
  );
});

test('single blocks, and rows of which other blocks have the rest', async () => {
  assert.equal(
    await found([
      ['a\nb\n', 'elsewhere'],
      ['c\n', 'elsewhere'],
    ]),
    'a\nb\nc\n',
  );
  assert.equal(
    await found([
      ['long', 'elsewhere'],
      [' row\nb\n', 'next'],
    ]),
    'long row\nb\n',
  );
  assert.equal(
    await found([
      ['long', 'elsewhere'],
      ['b\n', 'elsewhere'],
    ]),
    'long\nb\n',
  );
  assert.equal(
    await found([
      ['a\n\\.\n', 'elsewhere'],
      ['\n\n', 'next'],
    ]),
    'a\n',
  );
  assert.equal(
    await found([
      [head, 'start'],
      ['x FROM stdin;\ny\n', 'elsewhere'],
    ]),
    'x FROM stdin;\ny\n',
  );
  assert.equal(
    await found([
      [head.slice(0, 60), 'start'],
      ['y\n', 'elsewhere'],
    ]),
    'y\n',
  );
});
