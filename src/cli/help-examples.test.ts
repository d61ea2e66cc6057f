import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { verbs } from './registry.ts';
import { createRuntime } from './runtime.ts';

test('the help of every verb, and of those below it, has examples', async () => {
  const { runtime } = createRuntime(process, []);
  let seen = 0;
  const look = (command: Command, path: string): void => {
    seen++;
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
    assert.match(text, /\nExamples:\n {2}# [^\n]+\n {2}\S/, path);
    for (const below of command.commands) look(below, `${path} ${below.name()}`);
  };
  for (const verb of verbs.filter(({ hidden }) => !hidden)) look((await verb.load())(runtime), verb.name);
  assert.ok(seen > 35, String(seen));
});
