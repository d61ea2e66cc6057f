import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { bypassCache, sharedForDisk } from '../../src/kernel/native/page-cache.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { assertCode, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { skipWithoutDisk, smallDisk } from '../support/small-disk.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

const skip = skipWithoutDisk();
const isRoot = process.getuid?.() === 0;

describe('local storage on a real disk', () => {
  it('holds whole objects alone after kill -9', async (t) => {
    const folder = tempFolder(t, 'holdfast-killed');
    for (let round = 0; round < 4; round++) {
      const writer = spawn(
        process.execPath,
        [join(import.meta.dirname, 'endless-writer.ts'), folder, `${round}`],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      await once(writer.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, 20 + 30 * round));
      writer.kill('SIGKILL');
      await once(writer, 'close');
    }
    const storage = createLocalStorage(folder);
    const found = await listAll(storage, '');
    assert.ok(found.length > 4, `${found.length}`);
    for (const { name } of found) {
      const content = await storage.read(name);
      assert.equal(createHash('sha256').update(content).digest('hex'), name.slice('data/'.length));
    }
  });

  it('leaves what is large out of the memory of the kernel', { skip: skipWithout('fincore') }, async (t) => {
    // not where temporary files lie in memory: they cannot leave it
    const root = mkdtempSync('/var/tmp/holdfast-local-');
    t.after(() => rmSync(root, { recursive: true }));
    const storage = createLocalStorage(root);
    const inMemory = (name: string): number =>
      Number(execFileSync(toolPath('fincore'), ['-bno', 'RES', join(root, name)], { encoding: 'utf8' }));
    // what is at the edge of a range may stay
    const edges = 2 * 64 * 1024;
    await storage.write('pieces', [patternBytes(3_000_000), patternBytes(1_000_000)]);
    await storage.write('stream', Readable.from([patternBytes(3_000_000), patternBytes(1_000_000)]));
    await storage.write('small', patternBytes(300_000));
    assert.ok(inMemory('pieces') <= edges);
    assert.ok(inMemory('stream') <= edges);
    assert.ok(inMemory('small') >= 300_000);
    const readers: (() => Promise<unknown>)[] = [
      () => storage.read('pieces'),
      () => storage.read('pieces', { offset: 0, length: 4_000_000 }),
      () => Array.fromAsync(storage.stream('pieces')),
    ];
    for (const read of readers) {
      readFileSync(join(root, 'pieces'));
      assert.ok(inMemory('pieces') >= 4_000_000);
      await read();
      assert.ok(inMemory('pieces') <= edges);
    }
  });

  it('writes what is large past the memory of the kernel, wherever it begins and ends', async (t) => {
    // one folder on a disk, one where temporary files lie, which may be in memory
    const onDisk = mkdtempSync('/var/tmp/holdfast-local-');
    t.after(() => rmSync(onDisk, { recursive: true }));
    const handle = await open(join(onDisk, 'probe'), 'wx');
    t.after(() => handle.close());
    const memory = sharedForDisk(4_300_000);
    assert.equal(bypassCache(handle.fd, memory), true);
    assert.equal(bypassCache(handle.fd, memory.subarray(1)), false);
    memory.set(patternBytes(memory.length));
    for (const folder of [onDisk, tempFolder(t, 'holdfast-past')]) {
      const storage = createLocalStorage(folder);
      for (const [from, length] of [
        [0, 4_194_304],
        [0, 4_194_305],
        [0, 4_194_303],
        [4096, 1 << 20],
        [1, 2_000_000],
        [512, 2_000_001],
      ] as const) {
        const bytes = memory.subarray(from, from + length);
        await storage.write(`data/${from}-${length}`, bytes);
        assert.ok(Buffer.from(bytes).equals(readFileSync(join(folder, `data/${from}-${length}`))));
      }
    }
  });

  it('says that the disk is full, and leaves nothing of what did not fit', { skip }, async (t) => {
    const { path } = await smallDisk(t, 'size=1m');
    const storage = createLocalStorage(join(path, 'repository'));
    await storage.write('data/small', patternBytes(100_000));
    const error = await assertCode(storage.write('data/large', patternBytes(2_000_000)), 'disk-full');
    assert.match(error.message, /cannot write data\/large in .*: the disk is full/);
    assert.match(error.hint!, /free some space/);
    assert.equal(error.retryable, false);
    assert.deepEqual(readdirSync(join(path, 'repository', 'data')), ['small']);
    assert.deepEqual(await storage.read('data/small'), patternBytes(100_000));
    await storage.write('data/again', patternBytes(100_000));
  });

  it('says that a file system is read-only', { skip }, async (t) => {
    const { path } = await smallDisk(t, 'ro,size=1m');
    const error = await assertCode(createLocalStorage(path).write('data/x', patternBytes(3)), 'forbidden');
    assert.match(error.message, /read-only/);
  });

  it('says that it is not permitted', async (t) => {
    const folder = tempFolder(t, 'holdfast-forbidden');
    mkdirSync(join(folder, 'closed'));
    chmodSync(join(folder, 'closed'), 0o555);
    chmodSync(folder, 0o755);
    const storage = createLocalStorage(join(folder, 'closed'));
    // Root may do everything, so it becomes nobody for a moment.
    if (isRoot) process.seteuid?.(65_534);
    try {
      const error = await assertCode(storage.write('data/x', patternBytes(3)), 'forbidden');
      assert.match(error.message, /permission denied/);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
