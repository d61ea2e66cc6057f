/** What the documents say of the configuration is what the program does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { jsonSchema } from '../../src/config/schema/schema.ts';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('the JSON Schema in the tree is that of the program', () => {
  assert.equal(
    read('holdfast.schema.json'),
    `${JSON.stringify(jsonSchema(), undefined, 2)}\n`,
    '`node bin/holdfast.js config schema > docs/holdfast.schema.json` writes it anew',
  );
});
