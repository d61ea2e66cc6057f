/**
 * A wrapper of restic that somebody else wrote, resticpy from PyPI, drives restic and then Holdfast through the same
 * session: Holdfast gives every answer in the same shape and with the same facts.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from '../support/node-flags.ts';
import { runProgram } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import { type Cleanup, tempFolder } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

const session = fileURLToPath(new URL('resticpy-session.py', import.meta.url));

/** A program that the wrapper can start by one path. */
function launcher(t: Cleanup, line: string): string {
  const path = join(tempFolder(t), 'program');
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
  return path;
}

function holdfastLauncher(t: Cleanup): string {
  return launcher(t, `exec '${process.execPath}' ${nodeFlags.join(' ')} '${holdfastBin}' "$@"`);
}

/** Each call of the session starts the program anew. */
function cheapener(t: Cleanup): string {
  const module = new URL('../support/cheap-key.ts', import.meta.url).href;
  const code = join(tempFolder(t), 'cheapen.mjs');
  writeFileSync(
    code,
    `import { cheapenKey } from '${module}';
await cheapenKey({ repository: process.argv[2], password: 'first password' });`,
  );
  return launcher(t, `exec '${process.execPath}' '${code}' "$1"`);
}

async function runSession(t: Cleanup, program: string): Promise<Record<string, unknown>> {
  const folder = tempFolder(t, 'holdfast-wrapper');
  mkdirSync(join(folder, 'tree', 'folder'), { recursive: true });
  const files = { 'a.txt': 'aaa', 'b.skip': 'skip me', 'folder/c.txt': 'c'.repeat(5_000), 'folder/d': '' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'tree', name), text);
  writeFileSync(join(folder, 'password'), 'first password\n');
  writeFileSync(join(folder, 'other-password'), 'second password\n');
  const { stdout } = await runProgram(toolPath('resticpy'), [session, program, folder, cheapener(t)], {
    timeout: 300_000,
  });
  return shapeOf(JSON.parse(stdout), folder, '') as Record<string, unknown>;
}

/** Numbers that are facts of the tree and not of the program or the moment. */
const facts = new Set([
  ...['files_new', 'files_changed', 'files_unmodified', 'total_files_processed', 'total_bytes_processed'],
  ...[
    'total_file_count',
    'snapshots_count',
    'total_files',
    'files_restored',
    'total_bytes',
    'bytes_restored',
  ],
  ...['hits', 'matches', 'uid', 'gid'],
]);

/** What must be the same for both programs: names, types, numbers of things, and every value that does not vary. */
function shapeOf(value: unknown, folder: string, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => shapeOf(item, folder, key));
  if (typeof value === 'object' && value !== null) {
    // a repository of Holdfast says one thing more: which chunker it has; and both leave out that they took no second
    const entries = Object.entries(value).filter(
      ([name]) => name !== 'holdfast_chunker' && name !== 'seconds_elapsed',
    );
    return Object.fromEntries(
      entries.map(([name, inner]) => [name, shapeOf(inner, folder, name)]),
    ) as unknown;
  }
  if (typeof value === 'number') return facts.has(key) ? value : 'a number';
  if (typeof value !== 'string') return value;
  if (value.startsWith('{')) return shapeOf(JSON.parse(value), folder, key);
  if (key === 'program_version' || key === 'chunker_polynomial') return `a ${key}`;
  if (/^[0-9a-f]{64}$/.test(value)) return 'an id';
  if (/^[0-9a-f]{8}$/.test(value)) return 'a short id';
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/.test(value)) return 'a time';
  if (/^[A-Za-z0-9+/]{22,}={0,2}$/.test(value)) return 'a key';
  return value.replaceAll(folder, 'FOLDER').replaceAll(folder.slice(1), 'FOLDER');
}

test(
  'resticpy gets the same from Holdfast as from restic',
  { skip: skipWithout('restic', 'resticpy') },
  async (t) => {
    const expected = await runSession(t, toolPath('restic'));
    const actual = await runSession(t, holdfastLauncher(t));
    assert.ok(Object.keys(expected).length >= 40, 'the session is whole');
    for (const [step, answer] of Object.entries(expected)) assert.deepEqual(actual[step], answer, step);
  },
);
