/** A database of an older PostgreSQL is restored into a newer one; the other way round nothing is begun unasked. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import type { RunResult } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

describe(
  'versions of PostgreSQL',
  { skip: skipWithout('postgres15', 'postgres18'), timeout: 240_000 },
  () => {
    let older: DatabaseServer;
    let newer: DatabaseServer;
    let folder: string;

    const run = (server: DatabaseServer, args: readonly string[], expect = 0): Promise<RunResult> =>
      holdfast({ repository: join(folder, 'repository'), password }).run(args, {
        expect,
        env: { HOLDFAST_POSTGRES_BIN: server.bin, PGUSER: server.user },
      });
    const url = (server: DatabaseServer, database: string): string =>
      `postgres:///${database}?host=${encodeURIComponent(server.socket)}&port=${server.port}`;
    const sql = `create table t (id int generated always as identity primary key, v text unique, g int generated always as (1 + 1) stored);
    insert into t (v) select 'v' || i from generate_series(1, 1000) i;
    create view w as select v from t; select lo_from_bytea(0, 'x');
    create function f(a int) returns int begin atomic select a + 1; end`;

    before(async () => {
      [older, newer] = await Promise.all([startPostgres({ major: 15 }), startPostgres({ major: 18 })]);
      folder = mkdtempSync(join(tmpdir(), 'holdfast-pgversions-'));
      await makeRepositoryFolder(join(folder, 'repository'), { chunker: 'fast' });
      for (const server of [older, newer]) {
        await server.createDatabase('shop');
        await server.query('shop', sql);
      }
    });
    after(async () => {
      await Promise.all([older.stop(), newer.stop()]);
      removeTree(folder);
    });

    const seen = (server: DatabaseServer, database: string): Promise<string> =>
      server.query(database, `select count(*), sum(g), f(1), (select count(*) from w) from t`);

    it('15 into 18', async () => {
      await run(older, ['backup', url(older, 'shop')]);
      await run(newer, ['restore', 'latest', '--to', url(newer, 'from_older'), '--create']);
      assert.equal(await seen(newer, 'from_older'), '1000\t2000\t2\t1000\n');
    });

    it('a dump that the pg_dump of 18 made of 15, back into 15', async () => {
      await run(newer, ['backup', url(older, 'shop')]);
      await run(newer, ['restore', 'latest', '--to', url(older, 'by_newer'), '--create', '--jobs', '2']);
      assert.equal(await seen(older, 'by_newer'), '1000\t2000\t2\t1000\n');
    });

    it('18 into 15 with a warning and in one transaction alone', async () => {
      await run(newer, ['backup', url(newer, 'shop')]);
      const to = ['restore', 'latest', '--to', url(older, 'from_newer'), '--create'];
      const refused = await run(newer, to, 1);
      assert.match(
        refused.stderr,
        /the dump is of PostgreSQL 18, and the server is 15\..*, which is older\nhint: .*--single-transaction/,
      );
      assert.doesNotMatch(await older.query('postgres', 'select datname from pg_database'), /from_newer/);
      const tried = await run(newer, [...to, '--single-transaction']);
      assert.match(tried.stderr, /warning: .*which is older/);
      assert.equal(await seen(older, 'from_newer'), '1000\t2000\t2\t1000\n');
    });
  },
);
