import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDefaultKey, readDefaultKey } from './default-repository.ts';

test('a key is made once, and an empty file is never taken for one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const keyFile = join(folder, 'holdfast', 'repository.key');
  assert.equal(await readDefaultKey(keyFile), undefined);
  const key = await createDefaultKey(keyFile);
  assert.equal(key.length, 64);
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  assert.deepEqual(await createDefaultKey(keyFile), key);
  assert.equal(readFileSync(keyFile, 'utf8').trim(), Buffer.from(key).toString());

  writeFileSync(keyFile, '\n');
  for (const work of [readDefaultKey, createDefaultKey]) {
    await assert.rejects(work(keyFile), { code: 'failed', message: /is empty$/, hint: /your copy/ });
  }
});

test('a key that could not be written leaves no file behind', (t) => {
  if (process.platform === 'win32') return t.skip('needs ulimit');
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const keyFile = join(folder, 'repository.key');
  const module = new URL('default-repository.ts', import.meta.url).href;
  const script = `
    const { createDefaultKey } = await import(${JSON.stringify(module)});
    await createDefaultKey(${JSON.stringify(keyFile)}).catch((error) => console.log(error.message));`;
  // files may be made and hold nothing, as on a full disk
  const args = ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script];
  const { stdout } = spawnSync('sh', args, { encoding: 'utf8' });
  assert.match(stdout, /repository\.key cannot be written: file too large/);
  assert.ok(!existsSync(keyFile));
});
