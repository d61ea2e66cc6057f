/** Databases as scripts for their own clients: dumped, put in the place of databases on other servers, verified. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { hasCode } from '../../src/kernel/errors.ts';
import type { ScriptDatabase, ScriptKind } from '../../src/sources/database/script.ts';
import { scriptDriver } from '../../src/sources/database/script.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMysql } from '../support/mysql.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram } from '../support/program.ts';
import { skipWithout } from '../support/tools.ts';

const warnings: string[] = [];
const options = {
  environment: process.env,
  programs: undefined,
  signal: new AbortController().signal,
  warn: (message: string) => void warnings.push(message),
};
const restoring = { ...options, ignoreErrors: false, tell: () => {} };
const verifying = {
  ...options,
  ...{ schema: 'public', serverTimeout: 60_000, temporaryFolder: tmpdir(), ignoreErrors: false },
};

function at(server: DatabaseServer, kind: ScriptKind, database: string, user?: string): ScriptDatabase {
  const { host, port, password } = server;
  return {
    kind,
    host,
    port,
    database,
    user: user ?? server.user,
    password: user ? `${user} secret` : password,
  };
}

async function dumped(
  database: ScriptDatabase,
  excludeTables: string[] = [],
  programs?: string,
): Promise<Buffer> {
  const driver = await scriptDriver(database.kind);
  const pieces = driver.dump(database, { excludeTables }, { ...options, programs });
  return Buffer.concat(await Array.fromAsync(pieces, (piece) => Buffer.from(piece)));
}

function opener(script: Buffer): () => AsyncIterable<Uint8Array> {
  return async function* () {
    for (let i = 0; i < script.length; i += 1000) yield script.subarray(i, i + 1000);
  };
}

describe('PostgreSQL', { skip: skipWithout('postgres15') }, () => {
  let first: DatabaseServer;
  let second: DatabaseServer;
  let script: Buffer;
  before(async () => {
    [first, second] = await Promise.all([startPostgres({ major: 15 }), startPostgres({ major: 15 })]);
    await first.query(
      'postgres',
      `create role "App" login password 'App secret' connection limit 7;
       create role reader; create role "odd;na""me"; grant reader to "App";
       comment on role "App" is 'who; writes';
       alter role "App" set search_path to "$user", public;
       create database shop owner "App";`,
    );
    await first.query(
      'shop',
      `set role "App"; create table orders (id int primary key, text text); create table log (line text);
       insert into orders select n, 'DEFINER ; \\. ' || n from generate_series(1, 5000) n;
       insert into log values ('x'); grant select on orders to reader; create view v as select * from orders;`,
    );
    script = await dumped(at(first, 'postgres', 'shop', 'App'));
  });
  after(async () => {
    await first?.stop();
    await second?.stop();
  });

  it('is what psql takes on a server that knows nothing of it, and again where roles are there', async () => {
    await second.createDatabase('plain');
    for (let i = 0; i < 2; i++) {
      await second.query('postgres', 'drop database plain');
      await second.createDatabase('plain');
      await runProgram(
        `${second.bin}/psql`,
        ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'plain', '-f', '-'],
        {
          env: second.env,
          input: script.toString('latin1'),
        },
      );
    }
    assert.equal(await second.query('plain', 'select count(*) from orders'), '5000\n');
    const roles = `select rolname, rolcanlogin, rolconnlimit, rolconfig, shobj_description(oid, 'pg_authid')
      from pg_roles where rolname !~ '^pg_' order by 1`;
    assert.equal(await second.query('postgres', roles), await first.query('postgres', roles));
    const members = `select pg_has_role('App', 'reader', 'usage')`;
    assert.equal(await second.query('postgres', members), 't\n');
    assert.equal(
      await second.query('plain', `select tableowner from pg_tables where tablename = 'log'`),
      'App\n',
    );
  });

  it('leaves roles that are there as they are', async () => {
    await second.query('postgres', `alter role "App" connection limit 99`);
    const driver = await scriptDriver('postgres');
    const { user, password } = second;
    const target = at(second, 'postgres', 'plain', 'App');
    const result = await driver.restore(target, opener(script), {
      ...restoring,
      administrator: { user, password },
    });
    assert.equal(result.tables, 2);
    assert.equal(
      await second.query('postgres', `select rolconnlimit from pg_roles where rolname = 'App'`),
      '99\n',
    );
  });

  it('is restored from a script with roles as pg_dumpall writes them, under another name for another user', async () => {
    const theirs = await Promise.all([
      runProgram(`${first.bin}/pg_dumpall`, ['--roles-only', '--no-role-passwords'], { env: first.env }),
      runProgram(`${first.bin}/pg_dump`, ['-Fp', 'shop'], { env: first.env }),
    ]);
    const together = Buffer.from(theirs.map(({ stdout }) => stdout).join(''));
    const driver = await scriptDriver('postgres');
    const { user, password } = second;
    const target = at(second, 'postgres', 'copy of "shop"', 'newcomer');
    const administrator = { user, password };
    await driver.restore(target, opener(together), { ...restoring, administrator });
    assert.equal(
      await driver.size(target, options),
      await driver.size(at(second, 'postgres', target.database), options),
    );
    const who = {
      ...second.env,
      PGUSER: 'newcomer',
      PGPASSWORD: 'newcomer secret',
      PGDATABASE: target.database,
    };
    const psql = await runProgram(`${second.bin}/psql`, ['-X', '-A', '-t', '-h', second.host, '-f', '-'], {
      env: who,
      input: `insert into orders values (0, ''); select count(*) from orders; create table mine ();`,
    });
    assert.match(psql.stdout, /^5001$/m);
    assert.match(psql.stdout, /CREATE TABLE/);
  });

  it('keeps what is there when the script is cut off', async () => {
    const driver = await scriptDriver('postgres');
    const { user, password } = second;
    const target = at(second, 'postgres', 'plain', 'App');
    const cut = opener(script.subarray(0, script.length - 5000));
    await assert.rejects(
      driver.restore(target, cut, { ...restoring, administrator: { user, password } }),
      (error) => hasCode(error, 'truncated'),
    );
    assert.equal(await second.query('plain', 'select count(*) from orders'), '5000\n');
  });

  it('is verified in a server of its own, and tells what is wrong', async () => {
    const driver = await scriptDriver('postgres');
    const database = at(first, 'postgres', 'shop', 'App');
    const found = await driver.verify(database, opener(script), verifying);
    assert.equal(found.tables, 2);
    assert.match(found.server, /^PostgreSQL 15\./);
    await assert.rejects(
      driver.verify(database, opener(script), { ...verifying, schema: 'nowhere' }),
      /no tables were found in the schema nowhere/,
    );
    const damaged = Buffer.from(script.toString('latin1').replace('CREATE VIEW', 'CRAETE VIEW'), 'latin1');
    await assert.rejects(driver.verify(database, opener(damaged), verifying), /psql failed .*syntax error/);
    const absent = Buffer.from(
      script.toString('latin1').replace('CREATE VIEW', 'CREATE EXTENSION nowhere;CREATE VIEW'),
      'latin1',
    );
    await assert.rejects(driver.verify(database, opener(absent), verifying), (error) =>
      hasCode(error, 'missing-here'),
    );
  });

  it('leaves tables out', async () => {
    const without = (await dumped(at(first, 'postgres', 'shop', 'App'), ['log'])).toString();
    assert.match(without, /CREATE TABLE public\.orders/);
    assert.doesNotMatch(without, /CREATE TABLE public\.log/);
    await assert.rejects(dumped(at(first, 'postgres', 'shop', 'App'), ['nothing']), (error) =>
      hasCode(error, 'not-found'),
    );
  });
});

describe('PostgreSQL 18', { skip: skipWithout('postgres18') }, () => {
  let server: DatabaseServer;
  before(async () => {
    server = await startPostgres({ major: 18 });
  });
  after(() => server?.stop());

  it('is restored by an administrator who is no superuser', async () => {
    await server.query(
      'postgres',
      `create role dba login createdb createrole password 'dba secret'; create role owner_of_it;
       grant owner_of_it to dba with inherit true, set false; create database managed owner owner_of_it;`,
    );
    await server.query('managed', 'create table who (name text); alter table who owner to dba');
    const programs = server.bin;
    const script = await dumped(at(server, 'postgres', 'managed'), [], programs);
    const driver = await scriptDriver('postgres');
    warnings.length = 0;
    const administrator = { user: 'dba', password: 'dba secret' };
    const target = at(server, 'postgres', 'managed', 'dba');
    const result = await driver.restore(target, opener(script), { ...restoring, administrator });
    assert.equal(result.tables, 1);
    assert.ok(
      warnings.some((line) => /does not go to its owner owner_of_it/.test(line)),
      warnings.join('\n'),
    );
  });
});

const families = [
  { kind: 'mariadb', name: 'MariaDB', start: startMariadb, tools: ['mariadb', 'mariadb-dump'] },
  { kind: 'mysql', name: 'MySQL', start: startMysql, tools: ['mysql9'] },
] as const;

for (const { kind, name, start, tools } of families) {
  describe(name, { skip: skipWithout(...tools) }, () => {
    let server: DatabaseServer;
    let script: Buffer;
    let programs: string;
    before(async () => {
      server = await start();
      programs = server.bin;
      await server.createDatabase('shop');
      await server.query(
        '',
        `create user app@'%' identified by 'app secret'; grant all on shop.* to app@'%'; create user painter@'%';`,
      );
      await server.query(
        'shop',
        `create table orders (id int primary key, data blob); create table log (line text);
         insert into orders values (1, unhex('00ff0a5c27')), (2, unhex('1a')); insert into log values ('x');
         create definer=painter@'%' sql security invoker view v as select id from orders;
         create trigger t before insert on log for each row set new.line = concat(new.line, '!');`,
      );
      script = await dumped(at(server, kind, 'shop', 'app'), [], programs);
    });
    after(() => server?.stop());

    it('is restored over what is there by the user, and elsewhere by the administrator', async () => {
      const driver = await scriptDriver(kind);
      const options = { ...restoring, programs };
      const content = 'select id, hex(data) from v join orders using (id) order by id';
      const seen = await server.query('shop', content);
      await server.query('shop', 'delete from orders');
      const user = { ...at(server, kind, 'shop', 'root'), password: server.password };
      await driver.restore(user, opener(script), { ...options, administrator: undefined });
      assert.equal(await server.query('shop', content), seen);
      const administrator = { user: 'root', password: server.password };
      const target = at(server, kind, 'copy', 'newcomer');
      const result = await driver.restore(target, opener(script), { ...options, administrator });
      assert.equal(result.tables, 2);
      await driver.restore(target, opener(script), { ...options, administrator });
      assert.equal(await server.query('copy', content), seen);
      assert.match(await driver.size(target, { ...options }), /^\d+\.\d MB$/);
    });

    // the other's server lies where its user may not enter; drills prove it
    if (kind === 'mariadb') {
      it('is verified in a server of its own', async () => {
        const driver = await scriptDriver(kind);
        const database = at(server, kind, 'shop', 'app');
        const options = { ...verifying, programs };
        const found = await driver.verify(database, opener(script), options);
        assert.equal(found.tables, 2);
        assert.ok(found.server.startsWith(`${name} `), found.server);
        await assert.rejects(
          driver.verify(database, opener(script.subarray(0, script.length - 100)), options),
          (error) => hasCode(error, 'truncated'),
        );
      });
    }

    it('leaves tables out, and rows', async () => {
      const driver = await scriptDriver(kind);
      const database = at(server, kind, 'shop', 'app');
      const choices = { excludeTables: ['l*'], excludeTableData: ['orders'] };
      const pieces = driver.dump(database, choices, { ...options, programs });
      const text = (await Array.fromAsync(pieces, (piece) => Buffer.from(piece).toString())).join('');
      assert.match(text, /CREATE TABLE `orders`/);
      assert.doesNotMatch(text, /CREATE TABLE `log`|INSERT INTO `orders`/);
    });
  });
}
