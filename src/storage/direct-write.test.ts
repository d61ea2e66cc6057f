import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDirectWriter } from './direct-write.ts';
import { createLocalStorage } from './local.ts';

const mebibyte = 1024 * 1024;
/** A disk, where the temporary folder may lie in memory. */
const onDisk = join(import.meta.dirname, '..', '..', 'node_modules', '.cache');

function folder(t: TestContext, parent: string): string {
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, 'direct-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** Memory of packs, which begins where a page begins. */
function pageMemory(length: number): Uint8Array<SharedArrayBuffer> {
  const pages = Math.ceil(length / 65536);
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const bytes = new Uint8Array(buffer as unknown as SharedArrayBuffer, 0, length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 2654435761) >>> 24;
  return bytes;
}

for (const parent of [onDisk, tmpdir()]) {
  const where = parent === onDisk ? 'a disk' : 'the temporary folder';
  test(`what is large and shared arrives whole on ${where}, whatever its length and place`, async (t) => {
    const root = folder(t, parent);
    const storage = createLocalStorage(root);
    const all = pageMemory(3 * mebibyte);
    for (const bytes of [
      all.subarray(0, mebibyte),
      all.subarray(0, 2 * mebibyte + 1),
      all.subarray(0, 2 * mebibyte + 4097),
      all.subarray(4096, 2 * mebibyte),
      all.subarray(5, 2 * mebibyte),
      all.subarray(0, mebibyte - 1),
    ]) {
      await storage.write('x', bytes);
      assert.ok(readFileSync(join(root, 'x')).equals(bytes), `${bytes.byteOffset}, ${bytes.length}`);
    }
  });
}

test('memory that does not begin where a page begins is written in the ordinary way', async (t) => {
  const root = folder(t, onDisk);
  const storage = createLocalStorage(root);
  const memory = new Uint8Array(new SharedArrayBuffer(mebibyte + 4096)).fill(7);
  // where it begins is not known, and need not be
  for (const place of [0, 4096]) {
    const bytes = memory.subarray(place, place + mebibyte);
    await storage.write('x', bytes);
    assert.ok(readFileSync(join(root, 'x')).equals(bytes));
  }
});

test('takes whole units, and nothing that is small, not shared or elsewhere in a page', async (t) => {
  const path = join(folder(t, onDisk), 'x');
  writeFileSync(path, '');
  const writer = createDirectWriter();
  const all = pageMemory(2 * mebibyte);
  const taken = await writer.write(path, all.subarray(0, mebibyte + 4099));
  if (process.platform === 'linux') assert.equal(taken, mebibyte + 4096);
  assert.ok(readFileSync(path).equals(all.subarray(0, taken)));
  assert.equal(await writer.write(path, all.subarray(0, mebibyte - 1)), 0);
  assert.equal(await writer.write(path, all.subarray(1)), 0);
  assert.equal(await writer.write(path, new Uint8Array(2 * mebibyte)), 0);
});
