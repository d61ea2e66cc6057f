import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartBlock } from '../database/part-rows.ts';
import { rowsAmong } from './rows-among.ts';

async function found(
  blocks: readonly (readonly [text: string, place: PartBlock['place']])[],
): Promise<string> {
  async function* given(): AsyncGenerator<PartBlock, void, void> {
    for (const [text, place] of blocks) yield { bytes: Buffer.from(text), place };
  }
  return Buffer.concat(await Array.fromAsync(rowsAmong(given()))).toString();
}

test('a row is the same line wherever its statement ends', async () => {
  const whole =
    "-- Dumping\n\nLOCK TABLES `t` WRITE;\nINSERT INTO `t` VALUES\n(1,'a'),\n(2,'b;');\nUNLOCK TABLES;\n";
  assert.equal(await found([[whole, 'start']]), "(1,'a')\n(2,'b;')\n");
  assert.equal(
    await found([
      ["(1,'a');\n", 'elsewhere'],
      ["INSERT INTO `t` VALUES\n(2,'b;')\n;\n", 'elsewhere'],
    ]),
    "(1,'a')\n(2,'b;')\n",
  );
});

test('rows of which other blocks have the rest', async () => {
  assert.equal(
    await found([
      ['(1,', 'elsewhere'],
      ['2)', 'next'],
      [',\n', 'next'],
    ]),
    '(1,2)\n',
  );
  assert.equal(
    await found([
      ['(1,2', 'elsewhere'],
      ['(3),\n', 'elsewhere'],
      ['(4', 'elsewhere'],
    ]),
    '(1,2\n(3)\n(4\n',
  );
  assert.equal(await found([]), '');
});
