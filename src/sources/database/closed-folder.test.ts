/** Which folder keeps the user of a throwaway server out. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { closedFolderHint } from './closed-folder.ts';

it('names the folder that is closed, also behind a symbolic link', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-closed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const home = join(folder, 'home');
  const open = join(folder, 'open');
  for (const path of [home, join(home, 'bin'), open]) mkdirSync(path, { mode: 0o755 });
  writeFileSync(join(home, 'bin', 'initdb'), '');
  symlinkSync(join(home, 'bin'), join(open, 'pg'));
  const stranger = { uid: 65_534, gid: 65_534 };
  const program = join(open, 'pg', 'initdb');

  const nothing = await closedFolderHint(program, join(open, 'drill'), stranger);
  assert.match(nothing, /the number 65534, .* must be able to enter .*\/open\/pg and .*\/open$/);
  chmodSync(home, 0o700);
  const closed = await closedFolderHint(program, join(open, 'drill'), stranger);
  assert.ok(closed.includes(` may not enter ${home}`) && closed.includes(': install the server elsewhere'));
  chmodSync(home, 0o755);
  chmodSync(open, 0o700);
  const temporary = await closedFolderHint(join(home, 'bin', 'initdb'), join(open, 'drill'), stranger);
  assert.ok(temporary.includes(` may not enter ${open}`) && temporary.includes(': choose another TMPDIR'));
  // whose own it is may
  const { uid, gid } = statSync(open);
  assert.match(await closedFolderHint(program, join(open, 'drill'), { uid, gid }), /must be able to enter/);
});
