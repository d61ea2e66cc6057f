import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { selectAll } from '../../sources/files/selection.ts';
import { scan, type ScanTotals } from './scan.ts';

test('counts what a backup would read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'scan-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'a/b'), { recursive: true });
  writeFileSync(join(folder, 'a/one'), '1');
  writeFileSync(join(folder, 'a/b/two.tmp'), '22');
  writeFileSync(join(folder, 'three'), '333');
  symlinkSync('one', join(folder, 'a/link'));
  const total = async (paths: string[], excludes: string[] = []) => {
    const seen: [ScanTotals, boolean][] = [];
    const raw = paths.map((path) => Buffer.from(path));
    const { signal } = new AbortController();
    await scan(raw, { ...selectAll, excludes }, signal, (totals, final) => seen.push([totals, final]));
    assert.deepEqual(seen.filter(([, final]) => final).length, 1);
    return seen.at(-1)![0];
  };
  assert.deepEqual(await total([folder]), { files: 3, bytes: 6 });
  assert.deepEqual(await total([folder], ['*.tmp']), { files: 2, bytes: 4 });
  assert.deepEqual(await total([join(folder, 'three'), join(folder, 'missing')]), { files: 1, bytes: 3 });
});
