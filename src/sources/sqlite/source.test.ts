import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { hasCode } from '../../kernel/errors.ts';
import { decodeEvidence, type Evidence } from '../database/evidence.ts';
import { sqliteSource } from './source.ts';

function folders(t: TestContext): { database: string; temporary: string } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  return { database: join(folder, 'shop.db'), temporary };
}

/** The two entries; the copy lies in a file of its own then. */
async function read(
  { database, temporary }: ReturnType<typeof folders>,
  options: { signal?: AbortSignal; warnings?: string[] } = {},
): Promise<{ copy: string; evidence: Evidence; permissions: number }> {
  const warnings = options.warnings ?? [];
  const source = sqliteSource({
    database,
    folder: '/sqlite/shop.db',
    temporaryFolder: temporary,
    warn: (message) => warnings.push(message),
  });
  const found: { path: string; bytes: Buffer; permissions: number }[] = [];
  try {
    for await (const entry of source.entries(options.signal ?? new AbortController().signal)) {
      assert.equal(entry.content.kind, 'stream');
      if (entry.content.kind !== 'stream') continue;
      const bytes = Buffer.concat(await Array.fromAsync(entry.content.bytes));
      found.push({ path: Buffer.from(entry.path).toString(), bytes, permissions: entry.permissions });
    }
  } finally {
    assert.deepEqual(readdirSync(temporary), [], 'the copy is gone');
  }
  assert.deepEqual(
    found.map(({ path }) => path),
    ['/sqlite/shop.db/shop.db', '/sqlite/shop.db/evidence.json'],
  );
  const copy = `${database}.out`;
  writeFileSync(copy, found[0]!.bytes);
  const evidence = decodeEvidence(found[1]!.bytes);
  return { copy, evidence, permissions: found[0]!.permissions };
}

function count(path: string, table: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare(`select count(*) as n from ${table}`).get() as { n: number };
  database.close();
  return row.n;
}

/** Another thread that moves money between two accounts, each time in one transaction and with a receipt. */
const writer = `
  const { DatabaseSync } = require('node:sqlite');
  const { workerData, parentPort } = require('node:worker_threads');
  const database = new DatabaseSync(workerData.database, { timeout: 20000 });
  const until = new Int32Array(workerData.until);
  let done = 0;
  do {
    database.exec('begin immediate; update account set balance = balance - 1 where id = 1;' +
      'update account set balance = balance + 1 where id = 2; insert into receipt(note) values (1); commit');
    if (++done === 1) parentPort.postMessage('begun');
  } while (Atomics.load(until, 0) === 0);
  database.close();
  parentPort.postMessage(done);
`;

for (const mode of ['wal', 'delete']) {
  test(`a database with journal mode ${mode} is copied in one state while somebody writes`, async (t) => {
    const place = folders(t);
    const setup = new DatabaseSync(place.database);
    setup.exec(`pragma journal_mode = ${mode}; pragma user_version = 7; pragma application_id = 4711;
      create table account(id integer primary key, balance int); insert into account values (1, 0), (2, 0);
      create table receipt(id integer primary key, note);
      create table ballast as
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
        select i, randomblob(1000) as b from n`);
    setup.close();
    const until = new SharedArrayBuffer(4);
    const worker = new Worker(writer, { eval: true, workerData: { database: place.database, until } });
    const said: unknown[] = [];
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    worker.on('message', (message) => {
      said.push(message);
      begun.resolve();
    });
    worker.on('error', (error) => {
      begun.reject(error);
      ended.reject(error);
    });
    worker.on('exit', () => ended.resolve());
    await begun.promise;
    const { copy, evidence } = await read(place).finally(() => Atomics.store(new Int32Array(until), 0, 1));
    await ended.promise;

    const back = new DatabaseSync(copy);
    const balances = back.prepare('select balance from account order by id').all() as { balance: number }[];
    assert.equal(Object.values(back.prepare('pragma integrity_check').get()!)[0], 'ok');
    back.close();
    const receipts = count(copy, 'receipt');
    assert.ok(receipts > 0 && receipts < Number(said.at(-1)), 'the writer went on after the copy');
    assert.deepEqual(
      balances.map(({ balance }) => balance),
      [-receipts, receipts],
    );
    assert.equal(evidence.sqlite?.check, 'ok');
    assert.equal(evidence.sqlite?.userVersion, 7);
    assert.equal(evidence.sqlite?.applicationId, 4711);
    assert.equal(evidence.sqlite!.pages * evidence.sqlite!.pageSize, statSync(copy).size);
    assert.deepEqual(
      evidence.tables.map(({ name, rows }) => [name, rows]),
      [
        ['account', 2],
        ['ballast', 20_000],
        ['receipt', receipts],
      ],
    );
  });
}

test('nothing is left beside a database that nobody uses, and its permissions are told', async (t) => {
  const place = folders(t);
  const database = new DatabaseSync(place.database);
  database.exec('pragma journal_mode = wal; create table t(a); insert into t values (1)');
  database.close();
  const before = readdirSync(join(place.database, '..'));
  const { permissions } = await read(place);
  rmSync(`${place.database}.out`);
  assert.deepEqual(readdirSync(join(place.database, '..')), before);
  assert.equal(permissions, statSync(place.database).mode & 0o777);
});

test('what is still in the log alone is in the copy', async (t) => {
  const place = folders(t);
  const database = new DatabaseSync(place.database);
  t.after(() => database.close());
  database.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t(a)');
  database.exec('insert into t values (1), (2), (3)');
  assert.equal(count((await read(place)).copy, 't'), 3);
});

test('odd names, generated columns, no rowid, full text and an empty database', async (t) => {
  const place = folders(t);
  const database = new DatabaseSync(place.database);
  database.exec(`create table "a ""b""" (k text primary key, "x y" int, g as (k || 'z')) without rowid;
    insert into "a ""b""" values ('Zoë', 1), ('n', null);
    create virtual table words using fts5(text); insert into words values ('hello there')`);
  database.close();
  const { evidence } = await read(place);
  const table = (name: string) => evidence.tables.find((one) => one.name === name);
  assert.equal(table('a "b"')?.rows, 2);
  assert.deepEqual(evidence.sqlite?.virtualTables, ['words']);
  assert.equal(table('words_content')?.rows, 1);

  rmSync(place.database);
  writeFileSync(place.database, '');
  assert.deepEqual((await read(place)).evidence.tables, []);
});

test('the evidence of a copy is the same, and of one changed value another', async (t) => {
  const place = folders(t);
  const database = new DatabaseSync(place.database);
  database.exec("create table t(a, b); insert into t values (1, 'x'), (2, 'y')");
  const first = (await read(place)).evidence;
  copyFileSync(`${place.database}.out`, `${place.database}.first`);
  assert.deepEqual((await read(place)).evidence, first);
  database.exec("update t set b = 'z' where a = 2");
  database.close();
  const changed = (await read(place)).evidence;
  assert.equal(changed.tables[0]?.rows, 2);
  assert.notEqual(changed.tables[0]?.checksum, first.tables[0]?.checksum);
  assert.equal(changed.schema, first.schema);
});

test('what cannot be copied is named', async (t) => {
  const place = folders(t);
  await assert.rejects(read(place), (error) => hasCode(error, 'not-found'));
  writeFileSync(place.database, 'this is no database, but it is longer than its header would be'.repeat(20));
  await assert.rejects(read(place), /shop\.db is not a SQLite database/);
  rmSync(place.database);
  mkdirSync(place.database);
  await assert.rejects(read(place), /shop\.db is not a file/);
});

test('a damaged database is no snapshot', async (t) => {
  const place = folders(t);
  const database = new DatabaseSync(place.database);
  database.exec(`create table t(a); insert into t
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) select i || 'text' from n`);
  database.close();
  const bytes = readFileSync(place.database);
  bytes.fill(0xa5, 4096 * 3, 4096 * 5);
  writeFileSync(place.database, bytes);
  await assert.rejects(
    read(place),
    (error) => hasCode(error, 'corrupt') && /shop\.db is damaged/.test(error.message),
  );
});

test('an interruption ends it and leaves nothing', async (t) => {
  const place = folders(t);
  const database = new DatabaseSync(place.database);
  database.exec(`create table t as
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 40000) select randomblob(1000) as b from n`);
  database.close();
  const abort = new AbortController();
  const reading = read(place, { signal: abort.signal });
  setImmediate(() => abort.abort());
  await assert.rejects(reading, (error) => hasCode(error, 'interrupted'));
});
