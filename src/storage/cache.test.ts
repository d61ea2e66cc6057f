import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createFakeClock } from '../testing/fake-clock.ts';
import { assertCode, patternBytes } from '../testing/storage-assertions.ts';
import { storageContract } from '../testing/storage-contract.ts';
import { listCacheDirectories, openCacheDirectory, removeCacheDirectory } from './cache-directory.ts';
import { withCache } from './cache.ts';
import { createMemoryStorage } from './memory.ts';
import type { Storage } from './storage.ts';

const repositoryId = 'ab'.repeat(32);
let base: string;
before(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-cache-'));
});
after(() => rm(base, { recursive: true }));

storageContract('with a cache', async () => {
  const directory = await openCacheDirectory(base, 'cd'.repeat(32));
  return { storage: withCache(createMemoryStorage(), { directory, warn: assert.fail }) };
});

interface Cached {
  readonly inner: Storage;
  readonly storage: Storage;
  readonly directory: string;
  readonly reads: string[];
  readonly warnings: string[];
}

let number = 0;
async function cached(shared?: Cached): Promise<Cached> {
  const inner = shared?.inner ?? createMemoryStorage();
  const reads: string[] = [];
  const counting: Storage = {
    ...inner,
    read: (name, range) => {
      reads.push(name);
      return inner.read(name, range);
    },
  };
  const directory =
    shared?.directory ?? (await openCacheDirectory(base, (++number).toString(16).padStart(64, '0')));
  const warnings: string[] = [];
  const storage = withCache(counting, { directory, warn: (message) => warnings.push(message) });
  return { inner, storage, directory, reads, warnings };
}

const nameOf = (bytes: Uint8Array, folder: string): string => {
  const id = createHash('sha256').update(bytes).digest('hex');
  return folder === 'data' ? `data/${id.slice(0, 2)}/${id}` : `${folder}/${id}`;
};
const fileOf = (directory: string, name: string): string => {
  const id = name.slice(name.lastIndexOf('/') + 1);
  return join(directory, name.slice(0, name.indexOf('/')), id.slice(0, 2), id);
};

describe('cache', () => {
  const bytes = patternBytes(50_000, 3);

  it('asks the storage once for indexes and snapshots, also in later runs', async () => {
    for (const folder of ['index', 'snapshots']) {
      const first = await cached();
      const name = nameOf(bytes, folder);
      await first.inner.write(name, bytes);
      const found = await Promise.all([1, 2, 3].map(() => first.storage.read(name)));
      for (const one of found) assert.deepEqual(one, bytes);
      assert.deepEqual(await first.storage.read(name, { offset: 100, length: 20 }), bytes.slice(100, 120));
      assert.equal(first.reads.length, 1);
      const second = await cached(first);
      assert.deepEqual(await second.storage.read(name), bytes);
      assert.equal(second.reads.length, 0);
    }
  });

  it('keeps packs only when it is told to', async () => {
    const { inner, storage, reads } = await cached();
    const name = nameOf(bytes, 'data');
    await inner.write(name, bytes);
    const range = { offset: 5, length: 10 };
    assert.deepEqual(await storage.read(name, range), bytes.slice(5, 15));
    await storage.read(name, range);
    assert.equal(reads.length, 2);
    for (let i = 0; i < 5; i++)
      assert.deepEqual(await storage.read(name, { ...range, keep: true }), bytes.slice(5, 15));
    assert.equal(reads.length, 3);
  });

  it('keeps what is written', async () => {
    const { storage, reads } = await cached();
    const index = nameOf(bytes, 'index');
    const pack = nameOf(bytes, 'data');
    await storage.write(index, bytes);
    await storage.write(pack, [bytes.subarray(0, 10), bytes.subarray(10)], { keep: true });
    assert.deepEqual(await storage.read(index), bytes);
    assert.deepEqual(await storage.read(pack, { offset: 1, length: 2, keep: true }), bytes.slice(1, 3));
    assert.equal(reads.length, 0);
  });

  it('fetches again what is damaged, cut or gone', async () => {
    const first = await cached();
    const name = nameOf(bytes, 'index');
    await first.storage.write(name, bytes);
    const file = fileOf(first.directory, name);
    const damages: (() => Promise<void>)[] = [
      () => truncate(file, 10),
      () => writeFile(file, patternBytes(50_000, 4)),
      () => rm(file),
    ];
    for (const damage of damages) {
      await damage();
      const next = await cached(first);
      assert.deepEqual(await next.storage.read(name, { offset: 9, length: 5 }), bytes.slice(9, 14));
      assert.equal(next.reads.length, 1);
      assert.deepEqual(new Uint8Array(await readFile(file)), bytes);
    }
    await truncate(file, 10);
    assert.deepEqual(await first.storage.read(name, { offset: 40_000 }), bytes.slice(40_000));
  });

  it('does not keep what the storage itself has damaged', async () => {
    const { inner, storage, directory } = await cached();
    const name = nameOf(bytes, 'index');
    const damaged = patternBytes(50_000, 9);
    await inner.write(name, damaged);
    assert.deepEqual(await storage.read(name), damaged);
    await assertCode(storage.read(name, { offset: 50_000, length: 1 }), 'truncated');
    assert.deepEqual(await readdir(join(directory, 'index')).catch(() => []), []);
  });

  it('forgets what was removed, by itself or by somebody else', async () => {
    const { inner, storage, directory } = await cached();
    const [mine, theirs] = [patternBytes(10, 1), patternBytes(10, 2)];
    const names = [nameOf(mine, 'snapshots'), nameOf(theirs, 'snapshots')] as const;
    await storage.write(names[0], mine);
    await storage.write(names[1], theirs);
    await storage.remove(names[0]);
    await assertCode(storage.read(names[0]), 'not-found');
    await inner.remove(names[1]);
    assert.deepEqual(await Array.fromAsync(storage.list('snapshots/')), []);
    await assertCode(
      stat(fileOf(directory, names[1])).catch(() => storage.read(names[1])),
      'not-found',
    );
  });

  it('says once that it cannot write, and goes on', async () => {
    const { storage, directory, warnings } = await cached();
    await writeFile(join(directory, 'index'), 'a file in its way');
    for (let i = 0; i < 3; i++) {
      const content = patternBytes(10, i + 50);
      await storage.write(nameOf(content, 'index'), content);
      assert.deepEqual(await storage.read(nameOf(content, 'index')), content);
    }
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /cache .* cannot be written/);
  });
});

describe('cache directory', () => {
  it('is private, tagged, and marked as used', async () => {
    const own = join(base, 'own');
    const clock = createFakeClock(Date.UTC(2026, 5, 1));
    const path = await openCacheDirectory(own, repositoryId, clock);
    assert.equal((await stat(own)).mode & 0o777, 0o700);
    assert.equal((await stat(path)).mode & 0o777, 0o700);
    assert.match(
      await readFile(join(own, 'CACHEDIR.TAG'), 'utf8'),
      /^Signature: 8a477f597d28d172789f06886806bc55/,
    );
    clock.advance(86_400_000);
    await openCacheDirectory(own, repositoryId, clock);
    await writeFile(join(own, 'other'), 'not a cache');
    const [found, ...others] = await listCacheDirectories(own);
    assert.deepEqual(found, { repositoryId, path, used: clock.now(), size: 1 });
    assert.equal(others.length, 0);
    await removeCacheDirectory(found!);
    assert.deepEqual(await listCacheDirectories(own), []);
  });

  it('is left alone when a newer program made it, and never named by something else than an id', async () => {
    const own = join(base, 'newer');
    const path = await openCacheDirectory(own, repositoryId);
    await writeFile(join(path, 'version'), '99');
    await assertCode(openCacheDirectory(own, repositoryId), 'unsupported');
    await assertCode(openCacheDirectory(own, '../outside'), 'usage');
    assert.deepEqual(await listCacheDirectories(join(base, 'absent')), []);
  });
});
