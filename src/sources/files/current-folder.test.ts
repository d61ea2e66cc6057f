import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { currentFolder } from './current-folder.ts';

test('the current folder keeps a name that is not UTF-8', { skip: process.platform !== 'linux' }, (t) => {
  const before = process.cwd();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-cwd-')));
  t.after(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });
  process.chdir(folder);
  assert.equal(Buffer.from(currentFolder()).toString(), folder);
  const odd = Buffer.from('a\xffb', 'latin1');
  mkdirSync(odd);
  // chdir takes text alone
  const handle = openSync(odd, 'r');
  process.chdir(`/proc/self/fd/${handle}`);
  closeSync(handle);
  assert.deepEqual(Buffer.from(currentFolder()), Buffer.concat([Buffer.from(`${folder}/`), odd]));
});
