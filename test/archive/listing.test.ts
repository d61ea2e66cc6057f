/** What is in the tars of an archive, and what changed from one to the next. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jsonLines } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';

test('tars are listed and compared', async (t) => {
  const folder = tempFolder(t);
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'sub'), { recursive: true });
  writeFileSync(join(tree, 'grown'), 'one\n');
  writeFileSync(join(tree, 'same'), 'same\n');
  writeFileSync(join(tree, 'moded'), 'moded\n');
  writeFileSync(join(tree, 'sub/gone'), 'gone\n');
  symlinkSync('same', join(tree, 'link'));
  const program = holdfast({ repository: `archive:${join(folder, 'archive')}`, password: '' });
  await program.run(['backup', '--encode', 'zstd', 'tree'], { cwd: folder });
  appendFileSync(join(tree, 'grown'), 'two\n');
  chmodSync(join(tree, 'moded'), 0o600);
  rmSync(join(tree, 'sub/gone'));
  rmSync(join(tree, 'link'));
  writeFileSync(join(tree, 'link'), 'no link any more');
  writeFileSync(join(tree, 'new'), '');
  for (const name of ['', 'sub']) utimesSync(join(tree, name), 1, 1);
  await program.run(['backup', 'tree'], { cwd: folder });

  const listed = jsonLines((await program.run(['ls', 'latest~1', '--json'])).stdout).slice(1);
  const paths = listed.map(({ path, type }) => `${String(type)} ${String(path)}`);
  assert.deepEqual(paths.toSorted(), [
    ...['dir /tree', 'dir /tree/sub', 'file /tree/grown', 'file /tree/moded', 'file /tree/same'],
    ...['file /tree/sub/gone', 'symlink /tree/link'],
  ]);
  const long = (await program.run(['ls', '-l', 'latest'])).stdout;
  assert.match(long, /^-rw------- +\d+:\d+ +6 [\d-]+ [\d:]+ \/tree\/moded$/m);

  const lines = async (...flags: string[]): Promise<string[]> =>
    (await program.run(['diff', 'latest~1', 'latest', ...flags])).stdout
      .split('\n')
      .map((line) => line.replace(/:.*/, ''))
      .filter((line) => line.includes('/'));
  const changed = ['M    /tree/grown', 'T    /tree/link', '+    /tree/new', '-    /tree/sub/gone'];
  assert.deepEqual(await lines(), changed);
  assert.deepEqual(
    (await lines('--metadata')).toSorted(),
    [...changed, 'U    /tree', 'U    /tree/moded', 'U    /tree/sub'].toSorted(),
  );
  assert.deepEqual(await lines('--quiet').then((all) => all.length), 4);
  const same = await program.run(['diff', 'latest', 'latest']);
  assert.equal(same.stdout, 'nothing changed\n');

  await program.run(['backup', '--stdin', '--stdin-filename', 'note.txt'], { input: 'x' });
  const mixed = await program.run(['diff', 'latest~1', 'latest']);
  assert.match(mixed.stderr, /two sources are compared, \S+-tree and \S+note: --path chooses one/);
  assert.deepEqual(await lines('--path', tree), changed);
});

test('snapshots are grouped, shown with fewer columns, and two sources of one name told apart', async (t) => {
  const folder = tempFolder(t);
  for (const path of ['a/b', 'a-b']) {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, 'file'), path);
  }
  const program = holdfast({ repository: `archive:${join(folder, 'archive')}`, password: '' });
  const paths = ['a/b', 'a-b'].map((path) => join(folder, path));
  for (const path of [...paths, ...paths]) await program.run(['backup', '--host', 'web', path]);
  const { stdout } = await program.run(['snapshots']);
  for (const path of paths) assert.equal(stdout.split(` (${path})`).length, 3, stdout);
  const last = JSON.parse((await program.run(['snapshots', '--latest', '1', '--json'])).stdout) as unknown[];
  assert.equal(last.length, 2);
  const compact = (await program.run(['snapshots', '--compact'])).stdout;
  assert.match(stdout, /Files/);
  assert.doesNotMatch(compact, /Files|\.tar\.gz/);
  const grouped = await program.run(['snapshots', '--group-by', 'host,paths']);
  for (const path of paths)
    assert.ok(grouped.stdout.includes(`snapshots for (host [web], paths [${path}]):`));
  const json = await program.run(['snapshots', '--group-by', 'paths', '--json']);
  const groups = JSON.parse(json.stdout) as { group_key: { paths: string[] }; snapshots: unknown[] }[];
  assert.deepEqual(
    groups.map(({ group_key, snapshots }) => [group_key.paths[0], snapshots.length]),
    paths.map((path) => [path, 2]),
  );
});
