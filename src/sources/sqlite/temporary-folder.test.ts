import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { makeTemporaryFolder } from './temporary-folder.ts';

test('what a killed process left is removed, what a living one uses stays', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  writeFileSync(join(parent, 'other'), '');
  const module = new URL('./temporary-folder.ts', import.meta.url).href;
  const script = `import { makeTemporaryFolder } from ${JSON.stringify(module)};
    const { path } = await makeTemporaryFolder(${JSON.stringify(parent)}, Date.now);
    console.log(path);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const theirs = basename(said.toString().trim());
  const later = () => Date.now() + 3_600_000;

  const living = await makeTemporaryFolder(parent, later);
  const mine = basename(living.path);
  assert.deepEqual(readdirSync(parent).sort(), [theirs, mine, 'other'].sort());
  child.kill('SIGKILL');
  await ended;
  await using young = await makeTemporaryFolder(parent, Date.now);
  assert.ok(readdirSync(parent).includes(theirs), 'a young folder is left alone');
  await using next = await makeTemporaryFolder(parent, later);
  assert.deepEqual(
    readdirSync(parent).sort(),
    [mine, basename(young.path), basename(next.path), 'other'].sort(),
  );
  await living[Symbol.asyncDispose]();
  assert.ok(!readdirSync(parent).includes(mine));
});
