/** What two nights of a database differ in, told by table and row, on real servers; and the page of a snapshot. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMysql } from '../support/mysql.ts';
import { startPostgres } from '../support/postgres.ts';
import { holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

interface Place {
  /** as a user writes it */
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly schema: string;
  run(sql: string): Promise<unknown>;
}

async function server(
  t: TestContext,
  started: Promise<DatabaseServer>,
  scheme: string,
  folder: string,
): Promise<Place> {
  const running = await started;
  t.after(() => running.stop());
  await running.createDatabase('shop');
  writeFileSync(join(folder, 'password'), `${running.password}\n`);
  mkdirSync(join(folder, 'tmp'));
  return {
    url:
      `${scheme}://${running.user}@${running.host}:${running.port}/shop` +
      `?password_file=${encodeURIComponent(join(folder, 'password'))}`,
    env: { HOLDFAST_POSTGRES_BIN: running.bin, HOLDFAST_MYSQL_BIN: running.bin, HOME: folder },
    schema: scheme === 'postgres' ? 'public' : '',
    run: (sql) => running.query('shop', sql),
  };
}

function file(t: TestContext, folder: string): Place {
  const path = join(folder, 'shop.db');
  const database = new DatabaseSync(path);
  t.after(() => database.close());
  return { url: `sqlite:${path}`, env: {}, schema: '', run: async (sql) => database.exec(sql) };
}

/** Rows with texts of all lengths, a few thousand blocks apart from each other. */
const insert = (first: number, last: number): string => {
  const rows: string[] = [];
  for (let i = first; i <= last; i++) rows.push(`(${i}, 'row ${i} ${'text '.repeat((i * 7919) % 40)}')`);
  return `insert into item values ${rows.join(', ')}`;
};

const kinds: Readonly<
  Record<
    string,
    { tools: Parameters<typeof skipWithout>; open(t: TestContext, folder: string): Promise<Place> }
  >
> = {
  'PostgreSQL 15': {
    tools: ['postgres15'],
    open: (t, folder) => server(t, startPostgres({ major: 15 }), 'postgres', folder),
  },
  MariaDB: {
    tools: ['mariadb', 'mariadb-dump'],
    open: (t, folder) => server(t, startMariadb(), 'mariadb', folder),
  },
  MySQL: { tools: ['mysql9'], open: (t, folder) => server(t, startMysql(), 'mysql', folder) },
  SQLite: { tools: [], open: async (t, folder) => file(t, folder) },
};

for (const [kind, { tools, open }] of Object.entries(kinds)) {
  describe(kind, { skip: skipWithout(...tools), timeout: 240_000 }, () => {
    it('tells tables and rows of two nights', async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-diff-'));
      t.after(() => removeTree(folder));
      const repository = join(folder, 'repository');
      await makeRepositoryFolder(repository, { chunker: 'fast' });
      const ours = holdfast({ repository, password });
      const { url, env, schema, run } = await open(t, folder);
      const night = () => ours.run(['backup', url], { env });
      const told = async (): Promise<Record<string, unknown>[]> => {
        const { stdout } = await ours.run(['diff', 'latest~1', 'latest', '--json'], { env });
        return stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      };
      await run('create table item (id int primary key, text varchar(300))');
      await run(insert(1, 20_000));
      await run('create table gone (id int primary key); insert into gone values (1), (2)');
      await run('create table still (id int primary key); insert into still values (1), (2)');
      await night();
      await run("update item set text = 'changed' where id % 2000 = 3");
      await run('delete from item where id <= 5 or id in (77, 19999, 20000)');
      await run(insert(20_001, 20_040));
      await run('drop table gone; create table fresh (id int primary key); insert into fresh values (7)');
      await night();
      const [fresh, gone, item, statistics] = await told();
      const table = (name: string, rest: object) => ({ message_type: 'table', schema, table: name, ...rest });
      assert.deepEqual(fresh, table('fresh', { modifier: '+', rows: 1, rows_added: 1, rows_removed: 0 }));
      assert.deepEqual(gone, table('gone', { modifier: '-', rows: 2, rows_added: 0, rows_removed: 2 }));
      // 10 updated, of which one is among the 8 that are gone; 40 new
      const changes = { modifier: 'M', rows: 20_032, rows_added: 49, rows_removed: 17 };
      assert.deepEqual(item, table('item', changes));
      assert.equal(statistics?.['tables_unchanged'], 1);
      assert.equal(statistics?.['schema_changed'], true);
      assert.equal(statistics?.['rows_added'], 50);

      await run('alter table still add column more int');
      await run('update still set more = 5 where id = 1');
      await night();
      const [altered, after] = await told();
      assert.equal(altered?.['table'], 'still');
      assert.deepEqual([altered['rows_added'], altered['rows_removed']], [2, 2]);
      assert.equal(after?.['tables_changed'], 1);

      const page = (await ours.run(['show', 'latest'], { env })).stdout;
      assert.match(page, /item +20032 .* [0-9a-f]{16}\n/);
      const shown = JSON.parse((await ours.run(['show', 'latest', '--json'], { env })).stdout) as {
        database: { tables: { name: string; rows: number }[] };
      };
      assert.deepEqual(shown.database.tables.map(({ name, rows }) => [name, rows]).sort(), [
        ['fresh', 1],
        ['item', 20_032],
        ['still', 2],
      ]);
    });
  });
}

describe('dumps of PostgreSQL in one file', { skip: skipWithout('postgres15'), timeout: 240_000 }, () => {
  it('says of the custom format that its tables were not looked at', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-diff-'));
    t.after(() => removeTree(folder));
    const repository = join(folder, 'repository');
    await makeRepositoryFolder(repository, { chunker: 'fast' });
    const ours = holdfast({ repository, password });
    const { url, env, run } = await server(t, startPostgres({ major: 15 }), 'postgres', folder);
    await run('create table item (id int primary key); insert into item values (1), (2)');
    const night = async (...more: string[]): Promise<string> => {
      const { stdout } = await ours.run(['backup', url, '--json', ...more], { env });
      const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as { snapshot_id: string };
      return summary.snapshot_id;
    };
    const parts = await night();
    const one = await night('--format', 'custom');
    await run('insert into item values (3); create table more (id int)');
    const two = await night('--format', 'custom');
    for (const [from, to, named] of [
      [one, two, one],
      [parts, two, two],
      [two, parts, two],
    ] as const) {
      const { status, stdout, stderr } = await ours.run(['diff', from, to], { env, expect: 1 });
      assert.equal(status, 1);
      assert.match(
        stderr,
        new RegExp(
          `snapshot ${named.slice(0, 8)} holds a dump in the custom format: its tables were not looked at`,
        ),
      );
      assert.match(stderr, /hint: `holdfast drill`/);
      assert.doesNotMatch(stdout, /Tables|removed/);
    }
    assert.match((await ours.run(['diff', two, two], { env })).stdout, /both snapshots hold the same dump/);
    const { stdout } = await ours.run(['diff', two, two, '--json'], { env });
    assert.equal((JSON.parse(stdout) as { tables_changed: number }).tables_changed, 0);
  });
});
