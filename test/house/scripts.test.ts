/** The shell scripts of the project are clean, and the program says what it needs when Node is too old for it. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runProgram } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import { requireTool } from '../support/tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('shellcheck has nothing to say about .ci', async (t) => {
  const shellcheck = requireTool(t, 'shellcheck');
  if (shellcheck === undefined) return;
  const scripts = readdirSync(join(root, '.ci')).map((name) => join(root, '.ci', name));
  const result = await runProgram(shellcheck, scripts, { expect: 'any' });
  assert.equal(result.stdout, '');
});

test('an older Node is told in one line what is needed', async () => {
  const old = "Object.defineProperty(process.versions, 'node', { value: '20.19.0' });";
  const start = `${old} import(${JSON.stringify(pathToFileURL(holdfastBin).href)});`;
  const result = await runProgram(process.execPath, ['-e', start], { expect: 1 });
  assert.equal(result.stdout, '');
  assert.equal(result.stderr, 'holdfast: needs Node.js 24 or newer, this is 20.19.0\n');
});
