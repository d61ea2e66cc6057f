import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { spawn } from 'node:child_process';
import { type ErrorCode, hasCode } from '../../kernel/errors.ts';
import type { DatabaseTargetOptions, StoredDatabase } from '../database/driver.ts';
import type { RestorePlan } from '../database/restore-plan.ts';
import { decodeEvidence } from '../database/evidence.ts';
import { sqliteSource } from './source.ts';
import { restoreTables } from './restore-table.ts';
import { restoreSqlite } from './target.ts';

function place(t: TestContext): { folder: string; shop: string; database: string } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, shop: join(folder, 'shop.db'), database: join(folder, 'new.db') };
}

/** A database as a snapshot would have it. */
async function stored(path: string): Promise<StoredDatabase> {
  const parts: Buffer[] = [];
  const options = { database: path, folder: '/sqlite/shop', temporaryFolder: tmpdir(), warn: assert.fail };
  for await (const { content } of sqliteSource(options).entries(new AbortController().signal)) {
    assert.equal(content.kind, 'stream');
    if (content.kind === 'stream') parts.push(Buffer.concat(await Array.fromAsync(content.bytes)));
  }
  return {
    evidence: decodeEvidence(parts[1]!),
    async *read() {
      for (let at = 0; at < parts[0]!.length; at += 5000) yield parts[0]!.subarray(at, at + 5000);
    },
  };
}

async function smallShop(path: string, mode = 'delete'): Promise<StoredDatabase> {
  const database = new DatabaseSync(path);
  database.exec(`pragma journal_mode = ${mode}; create table t(a); insert into t values (1), (2), (3)`);
  database.close();
  return stored(path);
}

const options: DatabaseTargetOptions = {
  environment: {},
  password: undefined,
  programs: undefined,
  singleTransaction: false,
  signal: new AbortController().signal,
  warn: assert.fail,
};
const replacing = { ...options, choices: { clean: true } };

function count(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare('select count(*) as n from t').get();
  database.close();
  return row?.['n'];
}

test('a database appears whole, with its permissions, and nothing beside it', async (t) => {
  const { folder, shop, database } = place(t);
  const snapshot = await smallShop(shop);
  chmodSync(shop, 0o640);
  await restoreSqlite(await stored(shop), database, options);
  assert.equal(count(database), 3);
  assert.equal(statSync(database).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(folder).sort(), ['new.db', 'shop.db']);
  await assert.rejects(restoreSqlite(snapshot, database, options), (error) => hasCode(error, 'exists'));
  const nowhere = join(folder, 'no', 'where.db');
  await assert.rejects(restoreSqlite(snapshot, nowhere, options), (error) => hasCode(error, 'not-found'));
});

test('a link stays a link, and its database is replaced', async (t) => {
  const { folder, shop, database } = place(t);
  const snapshot = await smallShop(shop);
  const link = join(folder, 'link.db');
  new DatabaseSync(database).close();
  symlinkSync('new.db', link);
  await restoreSqlite(snapshot, link, options);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(count(database), 3);
});

test('what would be lost is told, and stays when that is not wanted', async (t) => {
  const { shop, database } = place(t);
  const snapshot = await smallShop(shop);
  await smallShop(database);
  const plans: RestorePlan[] = [];
  const proceed = (plan: RestorePlan): Promise<boolean> => {
    plans.push(plan);
    return Promise.resolve(false);
  };
  const { ino } = statSync(database);
  await restoreSqlite(snapshot, database, { ...replacing, proceed });
  assert.equal(statSync(database).ino, ino);
  const tables = [{ name: 't', rows: 3, exact: true, bytes: 4096 }];
  assert.deepEqual(plans, [
    {
      steps: [`write ${database}`],
      loss: { what: `the database ${database}`, tables, others: 0 },
      tables: 1,
      rows: 3,
    },
  ]);
});

test('an empty file is filled, one with a log beside it is not', async (t) => {
  const { shop, database } = place(t);
  const snapshot = await smallShop(shop);
  writeFileSync(database, '');
  await restoreSqlite(snapshot, database, options);
  assert.equal(count(database), 3);
  rmSync(database);
  writeFileSync(`${database}-wal`, 'left over');
  await assert.rejects(restoreSqlite(snapshot, database, options), /new\.db-wal exists/);
  await restoreSqlite(snapshot, database, replacing);
  assert.equal(count(database), 3);
});

test('a file that no database can be read from is not replaced', async (t) => {
  const { folder, shop, database } = place(t);
  const snapshot = await smallShop(shop);
  const damaged = readFileSync(shop).fill(0xa5, 100);
  const encrypted = Buffer.alloc(8192, 0x5a);
  for (const content of ['x', 'passwords of mine\n', encrypted, damaged]) {
    writeFileSync(database, content);
    const proceed = (): Promise<boolean> => assert.fail('asked for something whose loss nobody can tell');
    await assert.rejects(restoreSqlite(snapshot, database, { ...replacing, proceed }), (error) => {
      assert.match((error as Error).message, /new\.db (is not|cannot be read as) a SQLite database/);
      return hasCode(error, 'failed');
    });
    assert.deepEqual(readFileSync(database), Buffer.from(content));
  }
  assert.deepEqual(readdirSync(folder).sort(), ['new.db', 'shop.db']);
  writeFileSync(database, '');
  await restoreSqlite(snapshot, database, replacing);
  assert.equal(count(database), 3);
});

test('the log of a database that is replaced is not applied to the new one', async (t) => {
  const { folder, shop, database } = place(t);
  const snapshot = await smallShop(shop, 'wal');
  const program = new Worker(
    `const { DatabaseSync } = require('node:sqlite');
     const database = new DatabaseSync(${JSON.stringify(database)});
     database.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t(a); insert into t values (9)');
     require('node:fs').cpSync(${JSON.stringify(database)}, ${JSON.stringify(`${database}.killed`)});
     require('node:fs').cpSync(${JSON.stringify(`${database}-wal`)}, ${JSON.stringify(`${database}.killed-wal`)});
     database.close();`,
    { eval: true },
  );
  await once(program, 'exit');
  const killed = `${database}.killed`;
  assert.ok(statSync(`${killed}-wal`).size > 0);
  await restoreSqlite(snapshot, killed, replacing);
  assert.equal(count(killed), 3);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('holdfast')),
    [],
  );
});

for (const mode of ['wal', 'delete']) {
  test(`a database in use is not replaced: journal mode ${mode}`, async (t) => {
    const { shop, database } = place(t);
    const snapshot = await smallShop(shop);
    await smallShop(database, mode);
    const script = `const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(${JSON.stringify(database)});
      database.prepare('select * from t').all();
      console.log('open');
      setInterval(() => {}, 1000);`;
    const program = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(program, 'exit');
    t.after(() => program.kill('SIGKILL'));
    await once(program.stdout, 'data');
    await assert.rejects(
      restoreSqlite(snapshot, database, replacing),
      new RegExp(`new\\.db is in use by the process ${program.pid} `),
    );
    program.kill('SIGKILL');
    await ended;
    await restoreSqlite(snapshot, database, replacing);
  });
}

test('what was damaged, or cut short, does not appear', async (t) => {
  const { folder, shop, database } = place(t);
  const snapshot = await smallShop(shop);
  const short: StoredDatabase = {
    ...snapshot,
    async *read() {
      yield Buffer.alloc(4096);
    },
  };
  await assert.rejects(restoreSqlite(short, database, options), (error) => hasCode(error, 'corrupt'));
  const damaged: StoredDatabase = {
    ...snapshot,
    async *read(part) {
      let first = true;
      for await (const piece of snapshot.read(part)) {
        yield first ? piece : Buffer.alloc(piece.length, 0xa5);
        first = false;
      }
    },
  };
  await assert.rejects(restoreSqlite(damaged, database, options), (error) => hasCode(error, 'corrupt'));
  assert.deepEqual(readdirSync(folder), ['shop.db']);
});

/** A database with a table, all that may hang on one, and something else. */
async function largerShop(path: string): Promise<StoredDatabase> {
  const database = new DatabaseSync(path);
  database.exec(`create table customer(id integer primary key autoincrement, name text, boss references customer(id));
    create table log(text); create index by_name on customer(name); create unique index "odd ""index" on customer(name, id);
    create trigger greet after insert on customer begin insert into log values ('hello ' || new.name); end;
    create virtual table words using fts5(body);
    insert into customer(name, boss) values ('ada', null), ('bob', 1), ('cy', 2); delete from customer where id = 3;
    create table plain(a); insert into plain(rowid, a) values (7, 'seven'), (9, 'nine')`);
  database.close();
  return stored(path);
}

function schemaOf(database: DatabaseSync, table: string): unknown[] {
  return database
    .prepare('select type, name from sqlite_schema where tbl_name = ? order by 1, 2')
    .all(table)
    .map(Object.values);
}

test('a table comes back with its indexes, triggers and counter, and everything else stays', async (t) => {
  const { shop, database } = place(t);
  const snapshot = await largerShop(shop);
  await largerShop(database);
  const only = (...tables: string[]) => ({ ...options, choices: { tables } });
  const there = new DatabaseSync(database);
  t.after(() => there.close());
  there.exec("drop table plain; update customer set name = 'changed'; delete from sqlite_sequence");

  await restoreTables(snapshot, database, only('plain'));
  assert.deepEqual(there.prepare('select rowid as n, a from plain').all().map(Object.values), [
    [7, 'seven'],
    [9, 'nine'],
  ]);
  await assert.rejects(restoreTables(snapshot, database, only('customer')), (error) =>
    hasCode(error, 'exists'),
  );
  await restoreTables(snapshot, database, only('customer=old "one"', 'plain=p2'));
  assert.deepEqual(there.prepare('select * from "old ""one"""').all().map(Object.values), [
    [1, 'ada', null],
    [2, 'bob', 1],
  ]);
  assert.deepEqual(schemaOf(there, 'old "one"'), [
    ['index', 'by_name_old "one"'],
    ['index', 'odd "index_old "one"'],
    ['table', 'old "one"'],
    ['trigger', 'greet_old "one"'],
  ]);
  there.exec(`insert into "old ""one"""(name) values ('new')`);
  assert.equal(there.prepare('select max(id) as id from "old ""one"""').get()?.['id'], 4);
  assert.equal(there.prepare('select text from log order by rowid desc').get()?.['text'], 'hello new');
  assert.equal(there.prepare("select count(*) as n from customer where name = 'changed'").get()?.['n'], 2);

  await restoreTables(snapshot, database, only('"plain"="a=""b"""'));
  assert.equal(there.prepare('select count(*) as n from "a=""b"""').get()?.['n'], 2);

  await restoreTables(snapshot, database, { ...options, choices: { tables: ['customer'], clean: true } });
  assert.deepEqual(schemaOf(there, 'customer'), [
    ['index', 'by_name'],
    ['index', 'odd "index'],
    ['table', 'customer'],
    ['trigger', 'greet'],
  ]);
  assert.equal(Object.values(there.prepare('pragma integrity_check').get()!)[0], 'ok');
});

test('the numbers of rows stay, greater ones than numbers of JavaScript as well', async (t) => {
  const { shop, database } = place(t);
  const made = new DatabaseSync(shop);
  made.exec(`create table named (name text primary key, a);
    insert into named (rowid, name, a) values (7, 'ada', 1), (9223372036854775807, 'bob', 2)`);
  made.close();
  const there = new DatabaseSync(database);
  t.after(() => there.close());
  there.exec('create table other (a)');
  await restoreTables(await stored(shop), database, { ...options, choices: { tables: ['named'] } });
  const found = there.prepare('select cast(rowid as text) as number, name from named order by a').all();
  assert.deepEqual(found.map(Object.values), [
    ['7', 'ada'],
    ['9223372036854775807', 'bob'],
  ]);
});

test('a table that cannot be restored changes nothing', async (t) => {
  const { folder, shop, database } = place(t);
  const snapshot = await largerShop(shop);
  await smallShop(database);
  const before = readFileSync(database);
  const only = (...tables: string[]) => ({ ...options, choices: { tables } });
  const refused = (code: ErrorCode, ...tables: string[]): Promise<void> =>
    assert.rejects(restoreTables(snapshot, database, only(...tables)), (error) => hasCode(error, code));
  await refused('not-found', 'nothing');
  await refused('unsupported', 'words');
  await refused('usage', 'plain=sqlite_x');
  await refused('failed', 'plain=a', 'plain=a');
  assert.deepEqual(readFileSync(database), before);
  const missing = join(folder, 'missing.db');
  await assert.rejects(restoreTables(snapshot, missing, only('plain')), (error) =>
    hasCode(error, 'not-found'),
  );
  assert.deepEqual(readdirSync(folder).sort(), ['new.db', 'shop.db']);
});
