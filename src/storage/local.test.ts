import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertCode, listAll, patternBytes } from '../testing/storage-assertions.ts';
import { storageContract } from '../testing/storage-contract.ts';
import { createLocalStorage } from './local.ts';

storageContract('local', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-local-'));
  return {
    storage: createLocalStorage(join(directory, 'deep', 'repository')),
    dispose: () => rm(directory, { recursive: true }),
  };
});

describe('local storage', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-local-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('keeps folders and files to their owner', async () => {
    const root = join(directory, 'modes');
    await createLocalStorage(root).write('data/ab/x', patternBytes(4));
    for (const [path, mode] of [
      ['', 0o700],
      ['data', 0o700],
      ['data/ab', 0o700],
      ['data/ab/x', 0o600],
    ] as const) {
      assert.equal((await stat(join(root, path))).mode & 0o777, mode, path);
    }
  });

  it('goes on sharing a repository whose config the group may read', async () => {
    const root = join(directory, 'shared');
    await mkdir(root);
    await writeFile(join(root, 'config'), 'x');
    await chmod(join(root, 'config'), 0o640);
    const umask = process.umask(0o007);
    try {
      await createLocalStorage(root).write('keys/x', patternBytes(4));
    } finally {
      process.umask(umask);
    }
    assert.equal((await stat(join(root, 'keys'))).mode & 0o777, 0o770);
    assert.equal((await stat(join(root, 'keys', 'x'))).mode & 0o777, 0o660);
  });

  it('lists no unfinished writes, ours or restic’s, and leaves no temporary files', async () => {
    const root = join(directory, 'unfinished');
    const storage = createLocalStorage(root);
    await storage.write('data/done', patternBytes(4), { ifAbsent: true });
    await storage.write('data/done2', patternBytes(4));
    assert.deepEqual((await readdir(join(root, 'data'))).sort(), ['done', 'done2']);
    await writeFile(join(root, 'data', 'x-tmp-12345'), 'cut');
    await writeFile(join(root, 'data', 'y-tmp-0123456789abcdef'), 'cut');
    assert.deepEqual(
      (await listAll(storage, '')).map(({ name }) => name),
      ['data/done', 'data/done2'],
    );
  });

  it('finds what killed writers left behind, once it is old, and removes that alone', async () => {
    const root = join(directory, 'leftovers');
    const storage = createLocalStorage(root);
    const now = Date.now();
    const hour = 3_600_000;
    await storage.write('data/ab/done', patternBytes(5));
    for (const [name, age] of [
      ['data/ab/x-tmp-0123456789abcdef', 30],
      ['data/ab/y-tmp-123456789', 30],
      ['data/ab/z-tmp-0123456789abcdef', 1],
      ['data/ab/w-tmp-notes', 30],
      ['elsewhere-tmp-1', 30],
    ] as const) {
      await writeFile(join(root, name), 'cut');
      await utimes(join(root, name), new Date(), new Date(now - age * hour));
    }
    await mkdir(join(root, 'data', 'ab', 'folder-tmp-1'));
    await symlink('done', join(root, 'data', 'ab', 'link-tmp-2'));
    await utimes(join(root, 'data', 'ab', 'done'), new Date(), new Date(now - 30 * hour));

    const found = await Array.fromAsync(storage.leftovers!('data/', now - 24 * hour));
    assert.deepEqual(found.map(({ name, size }) => [name, size]).sort(), [
      ['data/ab/x', 3],
      ['data/ab/y', 3],
    ]);
    // One of the two writers goes on after all.
    await writeFile(join(root, 'data/ab/y-tmp-123456789'), 'more');
    for (const leftover of found) await leftover.remove();
    for (const leftover of found) await leftover.remove();
    assert.deepEqual((await readdir(join(root, 'data', 'ab'))).sort(), [
      'done',
      'folder-tmp-1',
      'link-tmp-2',
      'w-tmp-notes',
      'y-tmp-123456789',
      'z-tmp-0123456789abcdef',
    ]);
    assert.deepEqual(await Array.fromAsync(storage.leftovers!('absent/', now)), []);
  });

  it('names a file in place of a repository', async () => {
    const path = join(directory, 'a-file');
    await writeFile(path, 'no folder');
    const storage = createLocalStorage(path);
    for (const work of [
      () => storage.read('config'),
      () => storage.stat('config'),
      () => storage.prepare(),
      () => storage.write('config', patternBytes(1)),
      () => listAll(storage, 'keys/'),
      () => listAll(storage, ''),
    ]) {
      const error = await assertCode(work(), 'no-repository');
      assert.match(error.message, /a-file is a file, not a folder/);
    }
  });

  it('does not touch a place that is only read', async () => {
    const root = join(directory, 'absent');
    const storage = createLocalStorage(root);
    await assertCode(storage.read('config'), 'not-found');
    assert.deepEqual(await listAll(storage, ''), []);
    await assertCode(
      stat(root).catch(() => storage.stat('config')),
      'not-found',
    );
  });

  it('ends where no folder can be made at all', { skip: process.platform !== 'linux' }, async () => {
    const error = await assertCode(createLocalStorage('/proc/absent/x').prepare(), 'not-found');
    assert.match(error.message, /cannot create the folder in \/proc\/absent\/x/);
  });

  it('says that a disk is full', { skip: process.platform !== 'linux' }, async () => {
    // /dev/full refuses every write as a full disk does.
    const root = join(directory, 'full');
    await mkdir(root);
    const { localError } = await import('./local-errors.ts');
    const { open } = await import('node:fs/promises');
    await using full = await open('/dev/full', 'w');
    const cause: unknown = await full.write(patternBytes(5)).catch((error: unknown) => error);
    const error = localError(cause, 'write data/x', root);
    assert.equal(error.code, 'disk-full');
    assert.match(error.message, /cannot write data\/x in .*full: the disk is full/);
    assert.equal(error.retryable, false);
  });
});
