/** What a backup remembers of unchanged directories saves work, and never makes a snapshot another. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { repairIndex } from '../../src/operations/repair-index.ts';
import { selectAll } from '../../src/sources/files/selection.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { backUp, checkErrors, makeRepository, openAgain, rootTree } from '../support/engine.ts';
import { tempFolder } from '../support/temp.ts';
import { seededBytes } from '../support/tree.ts';

/** The id of the tree that a snapshot has at a path. */
async function treeAt(repository: Repository, snapshot: string, path: string): Promise<string> {
  let id = await rootTree(repository, snapshot);
  for (const name of path.split('/').filter(Boolean)) {
    const nodes = await repository.readTree(id);
    id = nodes.find((node) => Buffer.from(node.name).toString() === name)!.subtree!;
  }
  return Buffer.from(id).toString('hex');
}

/** A small generator of numbers below `n`: the same for the same seed. */
function numbers(seed: number): (n: number) => number {
  let bytes = seededBytes(4096, seed);
  let at = 0;
  return (n) => {
    if (at + 4 > bytes.length) {
      bytes = seededBytes(4096, bytes.readUInt32LE(0));
      at = 0;
    }
    return bytes.readUInt32LE((at += 4) - 4) % n;
  };
}

function makeFolders(root: string, below: (n: number) => number): string[] {
  const folders = [root];
  mkdirSync(root);
  for (let i = 0; i < 25; i++) {
    const folder = join(folders[below(folders.length)]!, `folder${i}`);
    mkdirSync(folder);
    folders.push(folder);
  }
  for (let i = 0; i < 120; i++) {
    const name = below(4) === 0 ? `notes${i}.log` : `file${i}`;
    writeFileSync(join(folders[below(folders.length)]!, name), `content ${below(1000)}`);
  }
  return folders;
}

/** Changes something in the tree that a backup has to see. */
function change(folders: string[], below: (n: number) => number): void {
  const folder = folders[below(folders.length)]!;
  const entries = readdirSync(folder, { withFileTypes: true });
  const file = entries.find((entry) => entry.isFile());
  const path = file && join(folder, file.name);
  switch (below(10)) {
    case 0:
      return writeFileSync(join(folder, `new${below(1000)}`), 'fresh');
    case 1:
      return path ? appendFileSync(path, 'more') : undefined;
    case 2: {
      // the same size and modification time: the change time alone tells
      if (!path) return;
      const { atime, mtime } = statSync(path);
      writeFileSync(path, Buffer.alloc(readFileSync(path).length, below(256)));
      return utimesSync(path, atime, mtime);
    }
    case 3:
      return path ? rmSync(path) : undefined;
    case 4:
      return path ? chmodSync(path, 0o600 + below(64)) : undefined;
    case 5:
      return chmodSync(folder, 0o700 + below(64));
    case 6: {
      const made = join(folder, `sub${below(100_000)}`);
      mkdirSync(made);
      folders.push(made);
      return;
    }
    case 7:
      return path ? renameSync(path, `${path}x`) : undefined;
    case 8: {
      const link = join(folder, 'link');
      rmSync(link, { force: true });
      return symlinkSync(`target${below(1000)}`, link);
    }
    default:
      // nothing changes: the next backup may rely on all that is remembered
      return undefined;
  }
}

for (const seed of [1, 2]) {
  test(`after any change the tree is the one that reading everything gives, seed ${seed}`, async (t) => {
    const room = tempFolder(t);
    const cacheBase = join(room, 'cache');
    const below = numbers(seed);
    const folders = makeFolders(join(room, 'data'), below);
    await using repository = await makeRepository(join(room, 'repository'));
    for (let round = 0; round < 14; round++) {
      for (let left = below(3); left > 0; left--) change(folders, below);
      const excludes = below(3) === 0 ? ['*.log'] : [];
      const what = {
        kind: 'files' as const,
        paths: [Buffer.from(join(room, 'data'))],
        selection: { ...selectAll, excludes },
      };
      await using fresh = await openAgain(join(room, 'repository'));
      const remembered = await backUp(fresh, [], { what, cacheBase, workers: 1 + below(3) });
      const thorough = await backUp(repository, [], { what, force: true });
      repository.forgetIndex();
      assert.equal(
        await treeAt(repository, remembered.id!, join(room, 'data')),
        await treeAt(repository, thorough.id!, join(room, 'data')),
        `round ${round}`,
      );
      assert.equal(remembered.summary.totalFilesProcessed, thorough.summary.totalFilesProcessed);
      assert.equal(remembered.summary.totalBytesProcessed, thorough.summary.totalBytesProcessed);
    }
    assert.deepEqual(await checkErrors(repository), []);
  });
}

/** Counts the reads of packs. */
function counting(storage: Storage): { storage: Storage; reads(): number } {
  let reads = 0;
  const read: Storage['read'] = (name, options) => {
    if (name.startsWith('data/')) reads++;
    return storage.read(name, options);
  };
  const counted = Object.assign(Object.create(storage) as Storage, { read });
  return { storage: counted, reads: () => reads };
}

interface Room {
  readonly data: string;
  readonly repository: string;
  readonly cacheBase: string;
  /** backs up and says how many packs were read for it */
  run(): Promise<{ id: string; tree: string; reads: number; repository: Repository }>;
}

async function makeRoom(t: Parameters<typeof tempFolder>[0]): Promise<Room> {
  const room = tempFolder(t);
  const [data, repository, cacheBase] = [join(room, 'data'), join(room, 'repository'), join(room, 'cache')];
  makeFolders(data, numbers(7));
  const made = await makeRepository(repository);
  await made[Symbol.asyncDispose]();
  return {
    data,
    repository,
    cacheBase,
    async run() {
      const { storage, reads } = counting(createLocalStorage(repository));
      const opened = await openAgain(storage);
      t.after(async () => opened[Symbol.asyncDispose]());
      const { id } = await backUp(opened, [data], { cacheBase });
      const count = reads();
      return { id: id!, tree: await treeAt(opened, id!, data), reads: count, repository: opened };
    },
  };
}

const memoryOf = (cacheBase: string): string[] =>
  readdirSync(cacheBase, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.endsWith('known-trees'))
    .map((entry) => join(entry.parentPath, entry.name));

test('no tree below an unchanged folder is read', async (t) => {
  const room = await makeRoom(t);
  const first = await room.run();
  const second = await room.run();
  assert.equal(second.tree, first.tree);
  const [file] = memoryOf(room.cacheBase);
  const before = statSync(file!).mtimeMs;
  rmSync(room.cacheBase, { recursive: true });
  const forgetful = await room.run();
  assert.equal(forgetful.tree, first.tree);
  assert.ok(second.reads < forgetful.reads, `${second.reads} reads against ${forgetful.reads}`);
  assert.equal(statSync(memoryOf(room.cacheBase)[0]!).mode & 0o777, 0o600);
  assert.ok(before > 0);
});

test('what is remembered is not used when it is damaged, cut short or sealed with another key', async (t) => {
  const room = await makeRoom(t);
  const { tree } = await room.run();
  const [file] = memoryOf(room.cacheBase);
  const whole = readFileSync(file!);
  const other = await makeRoom(t);
  await other.run();
  const foreign = readFileSync(memoryOf(other.cacheBase)[0]!);
  for (const bytes of [
    Buffer.alloc(0),
    whole.subarray(0, 100),
    Buffer.from(whole).fill(1, 50, 60),
    foreign,
  ]) {
    writeFileSync(file!, bytes);
    assert.equal((await room.run()).tree, tree);
    assert.ok(readFileSync(file!).length >= whole.length, 'it is written anew');
  }
});

test('what was lost is stored again, whatever is remembered', async (t) => {
  const room = await makeRoom(t);
  const first = await room.run();
  const packs = readdirSync(join(room.repository, 'data'), { recursive: true, withFileTypes: true });
  const largest = packs
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
  rmSync(largest);
  const opened = await openAgain(room.repository);
  await repairIndex(opened, { readAllPacks: false }, createContext());
  await opened[Symbol.asyncDispose]();
  const { repository } = await room.run();
  await repository.removeFile('snapshot', first.id);
  assert.deepEqual(await checkErrors(repository), []);
});
