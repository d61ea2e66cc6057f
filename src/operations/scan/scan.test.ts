import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rawPath } from '../../sources/files/path.ts';
import { selectAll } from '../../sources/files/selection.ts';
import { startScan } from './scan.ts';

test('a scan counts the files that a backup would take', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-scan-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'a/b'), { recursive: true });
  writeFileSync(join(folder, 'a/one'), 'x'.repeat(10));
  writeFileSync(join(folder, 'a/b/two.tmp'), 'x'.repeat(100));
  writeFileSync(join(folder, 'three'), 'x'.repeat(1000));
  symlinkSync('three', join(folder, 'a/link'));
  const count = async (names: string[], excludes: string[] = []) => {
    const targets = names.map((name) => rawPath(join(folder, name)));
    await using scan = startScan(targets, { ...selectAll, excludes });
    return await scan.finished;
  };
  assert.deepEqual(await count(['.']), { files: 3, bytes: 1110 });
  assert.deepEqual(await count(['a', 'three', 'nosuch']), { files: 3, bytes: 1110 });
  assert.deepEqual(await count(['.'], ['*.tmp']), { files: 2, bytes: 1010 });
  assert.deepEqual(await count(['a'], ['b']), { files: 1, bytes: 10 });
});

test('a scan can be given up', async () => {
  const scan = startScan([rawPath('/usr')], selectAll);
  await scan[Symbol.asyncDispose]();
  await assert.rejects(scan.finished, { code: 'interrupted' });
});
