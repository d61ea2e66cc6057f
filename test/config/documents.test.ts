/** What the documents say of the configuration is what the program does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { parse } from 'yaml';
import * as z from 'zod';
import { effectiveConfig } from '../../src/config/effective.ts';
import { readConfig } from '../../src/config/load.ts';
import { problemLine } from '../../src/config/problem.ts';
import { jsonSchema } from '../../src/config/schema/schema.ts';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('the JSON Schema in the tree is that of the program', () => {
  assert.equal(
    read('holdfast.schema.json'),
    `${JSON.stringify(jsonSchema(), undefined, 2)}\n`,
    '`node bin/holdfast.js config schema > docs/holdfast.schema.json` writes it anew',
  );
});

/** The examples in YAML of a page that are configurations. */
function examples(page: string): string[] {
  const blocks = [...read(page).matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1]!);
  return blocks.filter((text) => !text.includes('apiVersion:'));
}

test('every example of the configuration is accepted', () => {
  const texts = ['configuration.md', 'run.md'].flatMap(examples);
  assert.ok(texts.length >= 8);
  for (const text of texts) {
    const file = { path: '/etc/holdfast/holdfast.yaml', text };
    const { problems } = effectiveConfig({ ...readConfig([file]), place: '/etc/holdfast' });
    assert.deepEqual(problems.map(problemLine), [], text);
  }
});

test('the JSON Schema accepts every example, and refuses what the checker refuses', () => {
  const schema = z.fromJSONSchema(
    JSON.parse(read('holdfast.schema.json')) as Parameters<typeof z.fromJSONSchema>[0],
  );
  for (const text of ['configuration.md', 'run.md'].flatMap(examples)) {
    const result = schema.safeParse(parse(text));
    assert.ok(result.success, `${text}\n${result.error?.message}`);
  }
  for (const text of [
    'sources: { docs: { pathes: x } }',
    'vaults: { main: { repository: x, password: geheim } }',
    'vaults: { main: { archive: x, layout: weekly } }',
    'jobs: { nightly: { sources: docs, vaults: main, hooks: { before: { run: x, timeout: soon } } } }',
    'jbos: {}',
  ]) {
    assert.ok(!schema.safeParse(parse(text)).success, text);
  }
});

test('every setting is explained, and shown in an example', () => {
  const page = read('configuration.md');
  const shown = examples('configuration.md').join('\n');
  const lacking = [...settingsOf(jsonSchema())].filter(
    (name) => !new RegExp(`^[-{ ]*(?:.*[{,] )?${name}:`, 'm').test(shown) || !page.includes(`\`${name}`),
  );
  assert.deepEqual(lacking, []);
});

/** The names of all settings below the sections of a schema. */
function settingsOf(schema: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) for (const item of schema) settingsOf(item, names);
  else if (typeof schema === 'object' && schema !== null) {
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties' || key === '$defs') {
        for (const [name, inner] of Object.entries(value as object)) {
          if (key === 'properties' && name !== 'version') names.add(name);
          settingsOf(inner, names);
        }
      } else settingsOf(value, names);
    }
  }
  return names;
}
