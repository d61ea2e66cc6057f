/** File trees in archives: a tar that the stock programs unpack, and that comes back with everything. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { newUser } from '../cli/run.ts';
import { startGpg } from '../support/gpg.ts';
import { runProgram } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { compareTrees, makeTree } from '../support/tree.ts';

const tools = ['tar', 'setfattr', 'setfacl', 'zstd', 'gpg'] as const;

test(
  'a tree goes into an archive and comes back',
  { skip: skipWithout(...tools), timeout: 120_000 },
  async (t) => {
    const folder = tempFolder(t, 'holdfast-files');
    const source = join(folder, 'source');
    const archive = join(folder, 'archive');
    mkdirSync(source);
    makeTree(source);
    const gpg = startGpg(t);
    const key = await gpg.makeKey('Ada <ada@example.org>');
    const recipient = await gpg.exportKey(key, { armor: true });
    const program = holdfast({ repository: `archive:${archive}`, password: '' });
    const encode = ['--layout', 'latest', '--encode', 'zstd,openpgp', '--recipient', recipient];
    await program.run(['backup', ...encode, '.'], { cwd: source });

    const [name] = readdirSync(archive).filter((file) => file.endsWith('.tar.zst.gpg'));
    const decrypted = await gpg.run(['--decrypt', join(archive, name!)]);
    const plain = await runProgram(toolPath('zstd'), ['-dc'], { input: decrypted.bytes });
    const unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    const flags = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '-p'];
    await runProgram(toolPath('tar'), ['-x', ...flags, '-C', unpacked], { input: plain.bytes });
    assert.deepEqual(compareTrees(source, unpacked, { roots: false }), []);

    const keys = ['--identity', await gpg.exportKey(key, { secret: true })];
    const restored = join(folder, 'restored');
    await program.run(['restore', 'latest', '--target', restored, ...keys]);
    assert.deepEqual(compareTrees(source, restored, { roots: false }), []);
    const some = join(folder, 'some');
    await program.run(['restore', 'latest', '--target', some, '--include', 'notes', ...keys]);
    assert.equal(readFileSync(join(some, 'plain/deep/er/notes')).length, 40_000);
    assert.deepEqual(readdirSync(some), ['plain']);
    const alone = ['restore', 'latest', '--target', join(folder, 'alone'), '--include', 'hello.txt', ...keys];
    const { stderr } = await program.run(alone, { expect: 1 });
    assert.match(stderr, /hello\.txt: it is another name of links\/hard, which is to be restored as well/);
    await program.run(['check', ...keys]);
    const drilled = await program.run(['drill', 'latest', '--certificate', folder, ...keys]);
    assert.match(drilled.stdout, /^proven: /m);
    assert.match(drilled.stdout, /^compared \d+ files, \d+ directories, /m);
  },
);

test('what is missing is told, marked, and keeps what is older', { skip: skipWithout('tar') }, async (t) => {
  const folder = tempFolder(t, 'holdfast-files');
  const repository = `archive:${join(folder, 'archive')}`;
  const program = holdfast({ repository, password: '' });
  for (const name of ['a', 'b']) mkdirSync(join(folder, name));
  await program.run(['backup', join(folder, 'a'), join(folder, 'b')]);
  rmSync(join(folder, 'b'), { recursive: true });
  const { stderr } = await program.run(['backup', join(folder, 'a'), join(folder, 'b')], { expect: 3 });
  assert.match(stderr, /b does not exist, skipping/);
  assert.match(stderr, /at least one source file could not be read/);
  await program.run(['backup', join(folder, 'b')], { expect: 1 });
});

test('a job writes folders to an archive', { skip: skipWithout('tar') }, async (t) => {
  const user = newUser(t);
  const settings = join(user.home, '.config', 'holdfast');
  mkdirSync(settings, { recursive: true });
  writeFileSync(
    join(settings, 'holdfast.yaml'),
    `sources:
  docs: { paths: [~/docs, ~/gone] }
vaults:
  plain: { archive: ~/archive, layout: latest, encode: gzip }
jobs:
  nightly: { sources: docs, vaults: plain, retention: { last: 2 }, check: true }
`,
  );
  for (const name of ['docs', 'gone']) mkdirSync(join(user.home, name));
  writeFileSync(join(user.home, 'docs', 'letter.txt'), 'dear reader\n');
  const { stdout } = await user.run(['run', 'nightly']);
  assert.match(stdout, /\.tar\.gz/);
  const [name] = readdirSync(join(user.home, 'archive')).filter((file) => file.endsWith('.tar.gz'));
  const listed = await runProgram(toolPath('tar'), ['-tzf', join(user.home, 'archive', name!)]);
  assert.match(listed.stdout, /\/docs\/letter\.txt$/m);
  rmSync(join(user.home, 'gone'), { recursive: true });
  await user.run(['run', 'nightly'], { expect: 3 });
});

test('a database in use is packed in one state', { skip: skipWithout('tar') }, async (t) => {
  const folder = tempFolder(t, 'holdfast-files');
  const source = join(folder, 'source');
  mkdirSync(source);
  using database = new DatabaseSync(join(source, 'app.db'));
  database.exec('pragma journal_mode = wal; create table t (a); insert into t values (1), (2), (3)');
  const program = holdfast({ repository: `archive:${join(folder, 'archive')}`, password: '' });
  await program.run(['backup', '--sqlite-consistent', '.'], { cwd: source });
  await program.run(['restore', 'latest', '--target', join(folder, 'restored')]);
  assert.deepEqual(readdirSync(join(folder, 'restored')), ['app.db']);
  using restored = new DatabaseSync(join(folder, 'restored', 'app.db'));
  assert.equal(restored.prepare('select count(*) as n from t').get()!['n'], 3);
});
