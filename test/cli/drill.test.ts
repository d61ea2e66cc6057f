/** Drills that need no server: of SQLite databases and of file trees. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { type Drills, makeDrills } from '../support/drills.ts';

async function newDrills(t: TestContext): Promise<Drills> {
  const drills = await makeDrills(undefined, {});
  t.after(() => drills.remove());
  return drills;
}

test('a SQLite database is proven, and what is not as it was is noticed', { timeout: 120_000 }, async (t) => {
  const drills = await newDrills(t);
  const path = join(drills.folder, 'shop of ours.db');
  const database = new DatabaseSync(path);
  database.exec(`create table customer(id integer primary key autoincrement, name text unique, x blob);
    insert into customer(name, x) values ('a', x'00ff'), ('b', null), ('c', 1.5);
    create view names as select name from customer`);
  database.close();
  await drills.run(['backup', `sqlite:${path}`]);
  const queries = join(drills.folder, 'queries.sql');
  writeFileSync(
    queries,
    '-- expect: 1\ta\t00ff\n-- expect: 2\tb\t\n-- expect: 3\tc\t1.5\nselect * from customer order by id;\n\n-- expect: 3\nselect count(*) from names',
  );
  const proven = await drills.run(['drill', 'latest', '--queries', queries]);
  assert.match(proven.stdout, /compared 2 tables, 4 rows, 1 sequences, 1 indexes\n/);
  assert.match(proven.stdout, /\nproven: /);

  writeFileSync(queries, '-- expect: 4\nselect count(*) from customer\n\nselect * from nowhere');
  const asked = await drills.run(['drill', 'latest', '--queries', queries], { expect: 20 });
  assert.match(asked.stderr, /\nhint: what was restored is sound: look at what the queries expect/);
  await drills.rewrite(`/sqlite${path}`, (name, text) =>
    name === 'evidence.json' ? text.replace('"rows": 3', '"rows": 4') : text,
  );
  const differs = await drills.run(['drill', 'latest', '--queries', queries], { expect: 20 });
  assert.match(differs.stdout, /differs: customer has 3 rows instead of 4\n/);
  assert.match(differs.stdout, /differs: the query "select count\(\*\) from customer" gives: 3\n/);
  assert.match(differs.stdout, /differs: the query "select \* from nowhere" gives: no such table: nowhere/);

  await drills.rewrite(`/sqlite${path}`, (name, text) =>
    name === 'evidence.json' ? text : text.slice(0, 4096) + '\xa5'.repeat(4096) + text.slice(8192),
  );
  const damaged = await drills.run(['drill', 'latest'], { expect: 20 });
  assert.match(damaged.stdout, /differs: it cannot be restored: .*is damaged/);

  const empty = join(drills.folder, 'empty.db');
  const nothing = new DatabaseSync(empty);
  nothing.exec('pragma user_version = 1');
  nothing.close();
  await drills.run(['backup', `sqlite:${empty}`]);
  const drilled = await drills.run(['drill', 'latest']);
  assert.match(drilled.stdout, /compared 0 tables, 0 rows\n[^]*\nproven: /);
});

test('a file tree is proven, and damage of the repository is noticed', { timeout: 120_000 }, async (t) => {
  const drills = await newDrills(t);
  const tree = join(drills.folder, 'tree');
  mkdirSync(join(tree, 'below'), { recursive: true });
  writeFileSync(join(tree, 'a'), 'content');
  writeFileSync(join(tree, 'below', 'odd\n\u001b[31m name'), Buffer.alloc(300_000, 'x'));
  writeFileSync(join(tree, 'empty'), '');
  chmodSync(join(tree, 'a'), 0o4750);
  symlinkSync('nowhere', join(tree, 'link'));
  linkSync(join(tree, 'a'), join(tree, 'below', 'another name'));
  utimesSync(join(tree, 'below'), 1, 2);
  await drills.run(['backup', tree]);
  const proven = await drills.run(['drill', 'latest', '--json']);
  const summary = JSON.parse(proven.stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
  assert.equal(summary['result'], 'proven');
  const { files, others, bytes } = summary['compared'] as Record<string, number>;
  assert.deepEqual([files, others, bytes], [4, 1, 300_014]);
  const certificate = JSON.parse(readFileSync(summary['certificate'] as string, 'utf8')) as { kind: string };
  assert.equal(certificate.kind, 'files');

  const part = await drills.run(['drill', 'latest:/tmp'], { expect: 1 });
  assert.match(part.stderr, /a drill is of a whole snapshot/);
  const queries = join(drills.folder, 'queries.sql');
  writeFileSync(queries, 'select 1');
  const refused = await drills.run(['drill', 'latest', '--queries', queries], { expect: 1 });
  assert.match(refused.stderr, /the snapshot holds no database that could be asked/);

  const packs = readdirSync(join(drills.repository, 'data'), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile(),
  );
  for (const { parentPath, name } of packs) {
    const file = join(parentPath, name);
    const pack = readFileSync(file);
    // of the first blob, which is one of data or the smallest tree
    pack[20]! ^= 1;
    chmodSync(file, 0o600);
    writeFileSync(file, pack);
  }
  const damaged = await drills.run(['drill', 'latest'], { expect: 20 });
  assert.match(damaged.stderr, /holdfast: the drill found \d+ difference/);
});

test('what makes no sense is refused', { timeout: 60_000 }, async (t) => {
  const drills = await newDrills(t);
  const refused = async (args: readonly string[], words: RegExp): Promise<void> => {
    const { stderr } = await drills.run(['drill', ...args], { expect: 1 });
    assert.match(stderr, words);
  };
  await refused([], /drill takes one snapshot/);
  await refused(['latest', 'latest'], /drill takes one snapshot/);
  await refused(['latest'], /no snapshot matched/);
  await refused(['latest', '--public-key', 'x'], /--public-key is for --verify-certificate/);
  await refused(['latest', '--verify-certificate', 'x'], /takes no snapshot/);
  await refused(['--verify-certificate', '/no/such'], /read \/no\/such: no such file/);
  await refused(['latest', '--queries', '/no/such'], /read \/no\/such: no such file/);
});
