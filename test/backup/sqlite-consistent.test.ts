/** SQLite databases among the files of a backup: each in one state, without what SQLite keeps beside it. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { dump } from '../../src/operations/dump.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { findSubtree } from '../../src/vaults/repository/tree-path.ts';
import { backUp, checkErrors, makeRepository, rootTree } from '../support/engine.ts';
import { tempFolder } from '../support/temp.ts';

async function names(repository: Repository, snapshot: string, folder: string): Promise<string[]> {
  const tree = await findSubtree(repository, await rootTree(repository, snapshot), folder);
  return (await repository.readTree(tree)).map(({ name }) => Buffer.from(name).toString());
}

async function rows(repository: Repository, snapshot: string, path: string, copy: string): Promise<unknown> {
  const { bytes } = await dump(repository, { snapshot, path, archive: 'tar' }, createContext());
  rmSync(copy, { force: true });
  writeFileSync(copy, Buffer.concat(await Array.fromAsync(bytes)));
  const database = new DatabaseSync(copy, { readOnly: true });
  const found = database.prepare('select count(*) as n from t').get()?.['n'];
  database.close();
  return found;
}

test('what is in the log is in the file, night after night', async (t) => {
  const folder = tempFolder(t);
  const tree = join(folder, 'tree');
  const copy = join(folder, 'copy.db');
  mkdirSync(join(tree, 'other'), { recursive: true });
  const path = join(tree, 'app.db');
  const database = new DatabaseSync(path);
  t.after(() => database.close());
  database.exec(
    'pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t(a); insert into t values (1)',
  );
  const still = new DatabaseSync(join(tree, 'still.db'));
  still.exec('create table t(a)');
  still.close();
  writeFileSync(join(tree, 'diary-wal'), 'of no database');
  writeFileSync(join(tree, 'other', 'file'), 'text');
  writeFileSync(join(tree, 'other', 'file-journal'), 'of no database');
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('holdfast-sqlite-'));

  const repository = await makeRepository(join(folder, 'repository'));
  t.after(() => repository[Symbol.asyncDispose]());
  const cacheBase = join(folder, 'cache');
  const run = async (sqliteConsistent = true) => {
    const { id, errors, summary } = await backUp(repository, [tree], { sqliteConsistent, cacheBase });
    assert.equal(errors, 0);
    return { id: id!, summary };
  };
  const plain = await run(false);
  assert.ok((await names(repository, plain.id, tree)).includes('app.db-wal'));

  const first = await run();
  assert.deepEqual(await names(repository, first.id, tree), ['app.db', 'diary-wal', 'other', 'still.db']);
  assert.deepEqual(await names(repository, first.id, join(tree, 'other')), ['file', 'file-journal']);
  assert.equal(await rows(repository, first.id, path, copy), 1);
  database.exec('insert into t values (2)');
  assert.equal(await rows(repository, (await run()).id, path, copy), 2);
  const again = await run();
  assert.equal(await rows(repository, again.id, path, copy), 2);
  assert.equal(again.summary.dataBlobs, 0);
  database.exec('pragma wal_checkpoint(truncate); insert into t values (3)');
  assert.equal(await rows(repository, (await run()).id, path, copy), 3);
  const last = await run(false);
  assert.ok((await names(repository, last.id, tree)).includes('app.db-wal'));
  assert.deepEqual(await checkErrors(repository), []);
  const after = readdirSync(tmpdir()).filter((name) => name.startsWith('holdfast-sqlite-'));
  assert.deepEqual(
    after.filter((name) => !before.includes(name)),
    [],
  );
});

test('a file that only looks like a database is reported, and stored as it is', async (t) => {
  const folder = tempFolder(t);
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  const bytes = Buffer.alloc(8192, 0x33);
  bytes.write('SQLite format 3\0');
  writeFileSync(join(tree, 'fake.db'), bytes);
  const repository = await makeRepository(join(folder, 'repository'));
  t.after(() => repository[Symbol.asyncDispose]());
  const { id, errors } = await backUp(repository, [tree], { sqliteConsistent: true });
  assert.equal(errors, 1);
  const options = { snapshot: id!, path: join(tree, 'fake.db'), archive: 'tar' as const };
  const { bytes: stored } = await dump(repository, options, createContext());
  assert.deepEqual(Buffer.concat(await Array.fromAsync(stored)), bytes);
});
