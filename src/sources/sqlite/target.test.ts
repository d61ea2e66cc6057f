import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { spawn } from 'node:child_process';
import { hasCode } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { decodeEvidence } from '../database/evidence.ts';
import { sqliteSource } from './source.ts';
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

const options = { clean: false, signal: new AbortController().signal, warn: assert.fail };

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
  await restoreSqlite(await stored(shop), { ...options, database });
  assert.equal(count(database), 3);
  assert.equal(statSync(database).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(folder).sort(), ['new.db', 'shop.db']);
  await assert.rejects(restoreSqlite(snapshot, { ...options, database }), (error) =>
    hasCode(error, 'exists'),
  );
  const nowhere = join(folder, 'no', 'where.db');
  await assert.rejects(restoreSqlite(snapshot, { ...options, database: nowhere }), (error) =>
    hasCode(error, 'not-found'),
  );
});

test('an empty file is filled, one with a log beside it is not', async (t) => {
  const { shop, database } = place(t);
  const snapshot = await smallShop(shop);
  writeFileSync(database, '');
  await restoreSqlite(snapshot, { ...options, database });
  assert.equal(count(database), 3);
  rmSync(database);
  writeFileSync(`${database}-wal`, 'left over');
  await assert.rejects(restoreSqlite(snapshot, { ...options, database }), /new\.db-wal exists/);
  await restoreSqlite(snapshot, { ...options, database, clean: true });
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
  await restoreSqlite(snapshot, { ...options, database: killed, clean: true });
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
      restoreSqlite(snapshot, { ...options, database, clean: true }),
      new RegExp(`new\\.db is in use by the process ${program.pid} `),
    );
    program.kill('SIGKILL');
    await ended;
    await restoreSqlite(snapshot, { ...options, database, clean: true });
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
  await assert.rejects(restoreSqlite(short, { ...options, database }), (error) => hasCode(error, 'corrupt'));
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
  await assert.rejects(restoreSqlite(damaged, { ...options, database }), (error) =>
    hasCode(error, 'corrupt'),
  );
  assert.deepEqual(readdirSync(folder), ['shop.db']);
});
