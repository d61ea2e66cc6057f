/** What a backup of a SQLite database in use gives to people who have only restic and sqlite3. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { decodeEvidence } from '../../src/sources/database/evidence.ts';
import { dumpSql } from '../../src/sources/sqlite/dump-sql.ts';
import { inspectDatabase } from '../../src/sources/sqlite/inspect-database.ts';
import { sqliteSource } from '../../src/sources/sqlite/source.ts';
import { backUp, checkErrors, makeRepository, password } from '../support/engine.ts';
import { runProgram } from '../support/program.ts';
import { restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

test(
  'restic restores the database, and sqlite3 opens it',
  { skip: skipWithout('restic', 'sqlite3') },
  async (t) => {
    const folder = tempFolder(t);
    const path = join(folder, 'shop.db');
    const temporaryFolder = join(folder, 'temporary');
    mkdirSync(temporaryFolder);
    const database = new DatabaseSync(path);
    t.after(() => database.close());
    database.exec(`pragma journal_mode = wal; pragma wal_autocheckpoint = 0; pragma user_version = 3;
      create table customer(id integer primary key, name text not null);
      create index by_name on customer(name);
      insert into customer(name) with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)
        select 'customer ' || i from n`);
    // still open: what restic would read by itself lacks the log
    const location = join(folder, 'repository');
    const repository = await makeRepository(location);
    t.after(() => repository[Symbol.asyncDispose]());
    const warnings: string[] = [];
    const source = sqliteSource({
      database: path,
      folder: '/sqlite/shop.db',
      temporaryFolder,
      warn: (text) => warnings.push(text),
    });
    await backUp(repository, [], { what: { kind: 'source', source, path: '/sqlite/shop.db' } });
    assert.deepEqual(warnings, []);
    assert.deepEqual(await checkErrors(repository), []);

    const target = join(folder, 'target');
    await restic({ repository: location, password }).run(['restore', 'latest', '--target', target]);
    const restored = join(target, 'sqlite/shop.db/shop.db');
    const sqlite3 = async (sql: string): Promise<string> =>
      (await runProgram(toolPath('sqlite3'), ['-batch', restored, sql])).stdout;
    assert.equal(await sqlite3('pragma integrity_check'), 'ok\n');
    assert.equal(
      await sqlite3("select count(*), min(id), max(id) from customer indexed by by_name where name > ''"),
      '50000|1|50000\n',
    );
    assert.equal(await sqlite3('pragma user_version'), '3\n');
    const evidence = decodeEvidence(readFileSync(join(target, 'sqlite/shop.db/evidence.json')));
    assert.equal(evidence.sqlite?.check, 'ok');
    assert.deepEqual(
      evidence.tables.map(({ name, rows }) => [name, rows]),
      [['customer', 50_000]],
    );
  },
);

test('sqlite3 makes the same database of a dump', { skip: skipWithout('sqlite3') }, async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'odd.db');
  const database = new DatabaseSync(path);
  database.exec(
    `pragma page_size = 8192; pragma auto_vacuum = 1; pragma user_version = 42; pragma application_id = 7;
    create table "o""dd 'name'"("select" int, "x,y" text default 'a''b', g as ("select" * 2), s as (1) stored);
    insert into "o""dd 'name'" values (1, 'it''s'), (null, null), (-9223372036854775808, char(10) || '\\n' || char(0));
    create table bits(b blob, r real, n numeric) strict -- with a comment
    ;`.replace('n numeric', 'n any'),
  );
  database.exec(`
    insert into bits values (x'00ff0a', 0.1, 1), (zeroblob(70000), -1e300, 'one'), (null, 9e999, 2.5);
    create table text(t); insert into text values ('Zoë 🙂'), ('line' || char(13, 10) || 'end' || char(13)), (''),
      (cast(x'fffe' as text)), ('.quit'), ('; -- no comment');
    create table k(a text collate nocase, b int, c, primary key (a, b)) without rowid;
    insert into k values ('b', 2, 'x'), ('a', 1, 'y');
    create table counter(id integer primary key autoincrement, v); insert into counter(v) values ('x'), ('y');
    delete from counter where id = 2;
    create unique index partial on counter(v) where v <> 'q'; create index expression on text(length(t));
    create view "v w" as select t, 1 as "one two" from text -- ends here
    ;
    create trigger after_insert after insert on counter begin insert into text values ('from' || new.id); end;
    create virtual table words using fts5(body, prefix = '2 3'); insert into words values ('hello there'), ('general');
    create virtual table places using rtree(id, x1, x2); insert into places values (1, 0, 10), (2, 5, 6);
    create table child(id integer primary key, up references child(id) deferrable initially deferred);
    insert into child values (1, 2), (2, 1); analyze`);
  const dump = join(folder, 'dump.sql');
  writeFileSync(dump, Buffer.concat([...dumpSql(database)]));
  database.close();
  const restored = join(folder, 'restored.db');
  const sqlite3 = async (...args: string[]): Promise<string> =>
    (await runProgram(toolPath('sqlite3'), ['-batch', ...args])).stdout;
  await sqlite3('-bail', restored, `.read ${dump}`);
  assert.equal(await sqlite3(restored, 'pragma integrity_check'), 'ok\n');
  assert.ok(
    (await sqlite3(restored, '.dump')) === (await sqlite3(path, '.dump')),
    'the dumps of both are the same',
  );
  for (const name of ['user_version', 'application_id', 'page_size', 'auto_vacuum', 'encoding']) {
    const question = `pragma ${name}`;
    assert.equal(await sqlite3(restored, question), await sqlite3(path, question), name);
  }
  assert.equal(await sqlite3(restored, "select count(*) from words where words match 'hel*'"), '1\n');
  const before = inspectDatabase({ path, rows: true });
  const after = inspectDatabase({ path: restored, rows: true });
  const sums = ({ tables }: typeof before) =>
    tables.map(({ name, rows, checksum }) => ({ name, rows, checksum }));
  assert.deepEqual(sums(after), sums(before));
});
