/** What a backup of a SQLite database in use gives to people who have only restic and sqlite3. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { decodeEvidence } from '../../src/sources/database/evidence.ts';
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
