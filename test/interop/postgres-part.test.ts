/** Single tables and schemas of a PostgreSQL database come back, here or elsewhere, under other names, and read by ranges. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { openStoredDatabase } from '../../src/operations/database/database-dump.ts';
import { postgres } from '../../src/sources/postgres/driver.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { countReads } from '../support/counting-storage.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, openAgain, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram, type RunResult } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const shop = `
  create schema shop;
  create type shop.state as enum ('new', 'paid');
  create function shop.doubled(n int) returns int immutable language sql as 'select n * 2';
  create function shop.touched() returns trigger language plpgsql as $$ begin return new; end $$;
  create sequence shop.numbers start 7;
  create table shop.customers (id serial primary key, name text not null unique);
  create table shop.orders (id bigint generated always as identity, customer int references shop.customers,
    parent bigint, state shop.state default 'new', n int default nextval('shop.numbers'), total numeric check (total >= 0),
    twice int generated always as (shop.doubled(1)) stored, primary key (id), foreign key (parent) references shop.orders (id));
  create index on shop.orders (customer) where state = 'paid';
  create statistics shop.both on customer, state from shop.orders;
  create trigger touch before update on shop.orders for each row execute function shop.touched();
  create view shop.paid as select orders.* from shop.orders where orders.state = 'paid';
  alter table shop.orders enable row level security;
  create policy mine on shop.orders using (orders.total > 0);
  comment on table shop.orders is 'it''s shop.orders; --';
  comment on column shop.orders.total is 'money';
  insert into shop.customers (name) select 'customer ' || i from generate_series(1, 50) i;
  insert into shop.orders (customer, parent, total) select 1 + i % 50, nullif(i - 1, 0), i from generate_series(1, 200) i;
  create table shop.events (at date, what text) partition by range (at);
  create table shop.events_2024 partition of shop.events for values from ('2024-01-01') to ('2025-01-01');
  create table shop.others partition of shop.events default;
  create index on shop.events (at);
  insert into shop.events select date '2024-12-01' + i, 'x' from generate_series(1, 60) i;
  create schema "odd.schema";
  create table "odd.schema"."a ""quoted""
name=x" (" " text default 'shop.orders', "FROM stdin;" serial);
  insert into "odd.schema"."a ""quoted""
name=x" values ('x'), (E'\\\\.'), (null);
  create table shop.large as select i, md5(i::text) || md5((i + 1)::text) as v from generate_series(1, 400000) i;
`;

for (const major of [15, 18] as const) {
  describe(
    `parts of a database of PostgreSQL ${major}`,
    { skip: skipWithout(`postgres${major}`), timeout: 240_000 },
    () => {
      let server: DatabaseServer;
      let folder: string;
      const url = (database: string): string =>
        `postgres://${server.user}@/${database}?host=${encodeURIComponent(server.socket)}&port=${server.port}`;
      const run = (args: readonly string[], expect: number): Promise<RunResult> =>
        holdfast({ repository: join(folder, 'repository'), password }).run(args, {
          expect,
          env: { HOLDFAST_POSTGRES_BIN: server.bin },
        });
      const restore = (database: string, ...flags: string[]): Promise<RunResult> =>
        run(['restore', 'latest', '--to', url(database), ...flags], 0);
      const refused = (database: string, ...flags: string[]): Promise<RunResult> =>
        run(['restore', 'latest', '--to', url(database), ...flags], 1);
      const dumpOf = async (database: string, ...flags: string[]): Promise<string> => {
        const { stdout } = await runProgram(join(server.bin, 'pg_dump'), flags, {
          env: { ...server.env, PGDATABASE: database },
        });
        return stdout.replaceAll(/^\\(restrict|unrestrict) [A-Za-z0-9]+$/gm, '\\$1');
      };
      let count = 0;
      const fresh = async (): Promise<string> => {
        const name = `fresh${++count}`;
        await server.createDatabase(name);
        return name;
      };

      before(async () => {
        server = await startPostgres({ major });
        folder = mkdtempSync(join(tmpdir(), 'holdfast-pgpart-'));
        await makeRepositoryFolder(join(folder, 'repository'), { chunker: 'fast' });
        await server.createDatabase('shop');
        await server.query('shop', shop);
        await run(['backup', url('shop')], 0);
      });
      after(async () => {
        await server.stop();
        removeTree(folder);
      });

      it('a table comes with what belongs to it and what it needs', async () => {
        const to = await fresh();
        const told = await restore(to, '--table', 'shop.orders', '-vv');
        assert.match(told.stdout, /will make the schema shop\n/);
        for (const name of ['state', 'doubled', 'numbers']) {
          assert.ok(told.stdout.includes(`will make shop.${name}, which is needed and missing`), name);
        }
        assert.match(told.stdout, /restored 1 table with 200 rows into/);
        assert.match(
          told.stderr,
          /foreign key orders orders_customer_fkey is left out: shop.customers is not there/,
        );
        assert.match(told.stderr, /trigger orders touch is left out: shop.touched is not there/);

        const both = await fresh();
        await server.query(
          both,
          'create schema shop; create function shop.touched() returns trigger language plpgsql as $$ begin return new; end $$',
        );
        await restore(both, '--table', 'shop.customers', '--table', 'shop.orders');
        assert.equal(await dumpOf(both, '-t', 'shop.orders'), await dumpOf('shop', '-t', 'shop.orders'));
        assert.equal(
          await server.query(both, 'insert into shop.orders (total) values (1) returning id'),
          '201\n',
        );
      });

      it('a table comes back beside the one that is there, and nothing collides', async () => {
        await restore('shop', '--table', 'shop.orders=old orders');
        const counts = `select (select count(*) from shop.orders), (select count(*) from shop."old orders"),
        (select string_agg(indexrelid::regclass::text, ' ' order by indexrelid::regclass::text collate "C") from pg_index where indrelid = 'shop."old orders"'::regclass),
        pg_get_serial_sequence('shop."old orders"', 'id'), (select count(*) from pg_namespace where nspname like 'holdfast%')`;
        assert.equal(
          await server.query('shop', counts),
          `200\t200\tshop."old orders_customer_idx" shop."old orders_pkey"\tshop."old orders_id_seq"\t0\n`,
        );
        const own = await server.query(
          'shop',
          `select confrelid::regclass from pg_constraint where conrelid = 'shop."old orders"'::regclass and contype = 'f' order by 1`,
        );
        assert.equal(own.split('\n').toSorted().join(' '), ' shop."old orders" shop.customers');
        await restore('shop', '--table', 'shop.events=public.e');
        assert.equal(await server.query('shop', 'select count(*) from public.e_2024'), '30\n');
        assert.equal(await server.query('shop', 'select count(*) from public.e'), '60\n');
        await server.query('shop', 'drop table shop."old orders", public.e');
      });

      it('odd names are no hindrance', async () => {
        const to = await fresh();
        await restore(to, '--table', `"odd.schema"."a ""quoted""\nname=x"="x=y"."it's ""new"""`);
        const rows = await server.query(
          to,
          `select count(*), max("FROM stdin;"), max(" ") from "x=y"."it's ""new"""`,
        );
        assert.equal(rows, '3\t3\tx\n');
        assert.equal(
          await server.query(to, `insert into "x=y"."it's ""new""" default values returning *`),
          'shop.orders\t4\n',
        );
      });

      it('what is there goes when asked to alone, and what depends on it stays', async () => {
        const to = await fresh();
        await restore(to, '--table', 'shop.customers');
        await server.query(to, `update shop.customers set name = name || '!'`);
        const there = await refused(to, '--table', 'shop.customers');
        assert.match(
          there.stderr,
          /the table shop.customers is there already\nhint: .*NAME=OTHER; or --clean/,
        );
        const asked = await refused(to, '--table', 'shop.customers', '--clean');
        assert.match(asked.stderr, /the table shop.customers will lose 1 table with 50 rows/);
        assert.equal(
          await server.query(to, `select count(*) from shop.customers where name like '%!'`),
          '50\n',
        );
        await restore(to, '--table', 'shop.customers', '--clean', '--yes');
        assert.equal(
          await server.query(to, `select count(*) from shop.customers where name like '%!'`),
          '0\n',
        );
        await server.query(to, 'create view v as select * from shop.customers');
        const needed = await refused(to, '--table', 'shop.customers', '--clean', '--yes');
        assert.match(
          needed.stderr,
          /cannot drop table shop.customers because other objects depend on it.*; nothing was changed/,
        );
        assert.equal(await server.query(to, 'select count(*) from v'), '50\n');
      });

      it('a schema comes alone, and under another name beside itself', async () => {
        const to = await fresh();
        await restore(to, '--schema', 'shop');
        assert.ok((await dumpOf(to)) === (await dumpOf('shop', '-n', 'shop')), 'the dumps are the same');
        await restore(to, '--schema', 'shop=shop two');
        const two = await dumpOf(to, '-n', '"shop two"');
        const renamed = (await dumpOf('shop', '-n', 'shop'))
          .replaceAll(/(?<![\w'])shop\.(?=[\w"])/g, '"shop two".')
          .replaceAll(/'shop\.(\w+)'/g, `'"shop two".$1'`)
          .replaceAll(/SCHEMA shop\b/g, 'SCHEMA "shop two"')
          .replaceAll('Schema: shop;', 'Schema: shop two;')
          .replaceAll('Name: shop;', 'Name: shop two;')
          .replace(`'it''s "shop two".orders`, `'it''s shop.orders`);
        assert.ok(two === renamed, 'but for the name the dumps are the same');
        assert.match((await refused(to, '--schema', 'shop')).stderr, /the schema shop is there already/);
        await restore(to, '--schema', 'shop', '--clean', '--yes');
        assert.ok((await dumpOf(to, '-n', 'shop')) === (await dumpOf('shop', '-n', 'shop')));
      });

      it('what the dump does not have, or makes no sense, is said before anything is written', async () => {
        const to = await fresh();
        const cases: [flags: string[], says: RegExp][] = [
          [['--table', 'shop.Orders'], /the dump has no table shop.Orders\nhint: there is shop.orders/],
          [['--table', 'shop.paid'], /the dump has no table shop.paid/],
          [['--schema', 'nowhere'], /the dump has no schema nowhere\nhint: there are shop/],
          [['--table', 'a.b.c'], /"a.b.c" names nothing\nhint: write SCHEMA.TABLE/],
          [['--table', 'shop.orders', '--create'], /--create is for a whole database/],
        ];
        for (const [flags, says] of cases) assert.match((await refused(to, ...flags)).stderr, says);
        assert.equal(
          await server.query(to, `select count(*) from pg_namespace where nspname = 'shop'`),
          '0\n',
        );
      });

      it('a table among large ones is read by itself', async () => {
        const counting = countReads(createLocalStorage(join(folder, 'repository')));
        await using repository = await openAgain(counting);
        const context = createContext();
        const snapshot = await openStoredDatabase(repository, { snapshot: 'latest' }, context);
        const to = await fresh();
        await postgres.address(url(to), {}).restore(snapshot, {
          ...{ environment: process.env, password: undefined, programs: server.bin, warn: () => {} },
          ...{ signal: context.signal, singleTransaction: false, choices: { tables: ['shop.orders'] } },
        });
        assert.equal(await server.query(to, 'select count(*) from shop.orders'), '200\n');
        const { parts } = snapshot.evidence;
        const dump = parts.reduce((sum, part) => sum + part.bytes, 0);
        assert.ok(dump > 25_000_000, `${dump} bytes of dump`);
        assert.ok(
          counting.bytesRead < dump / 20,
          `${counting.bytesRead} bytes were read for a dump of ${dump}`,
        );
      });

      it('what a table needs and nobody has is named before anything is written', async () => {
        await server.createDatabase('needy');
        await server.query(
          'needy',
          `create schema types; create schema app; create type types.mood as enum ('a'); create sequence types.counter;
          create function types.f(int) returns int immutable language sql as 'select $1';
          create extension hstore with schema types; create type types.span as range (subtype = int8, multirange_type_name = types.spans);
          create type app.own as range (subtype = int8, multirange_type_name = app.owns); create domain app.short as varchar(9) check (value <> 'x.y');
          create table app.t (m types.mood[] default '{a}', h types.hstore, n int default nextval('types.counter'::regclass),
            w app.own, v app.owns, s app.short collate "C", g int generated always as (types.f(1)) stored, t text default 'no.name' check (t <> 'no.thing'));
          create index on app.t (types.f(n)); create table app.u (s types.spans); insert into app.t (m) values ('{}')`,
        );
        const needed = [
          'app.own',
          'app.owns',
          'app.short',
          'types.counter',
          'types.f',
          'types.hstore',
          'types.mood',
        ];
        const says = (names: string[]): RegExp =>
          new RegExp(`: ${names.join(', ')} (is|are) needed, and neither in the dump nor in the database`);
        await run(['backup', url('needy'), '--table', 'app.t'], 0);
        const to = await fresh();
        const { stderr } = await refused(to);
        assert.match(stderr, says(needed));
        assert.match(stderr, /the database had the extensions hstore\n/);
        assert.match((await refused(to, '--table', 'app.t')).stderr, says(needed));
        assert.equal(
          await server.query(to, `select count(*) from pg_namespace where nspname = 'app'`),
          '0\n',
        );
        await server.query(
          to,
          `create schema types; create type types.mood as enum ('a'); create extension hstore with schema types;
          create function types.f(int) returns int immutable language sql as 'select $1'; create sequence types.counter;
          create schema app; create domain app.short as varchar(9);
          create type app.own as range (subtype = int8, multirange_type_name = app.owns);`,
        );
        await restore(to, '--table', 'app.t');
        // of a whole snapshot they come along, but for those of extensions
        await run(['backup', url('needy')], 0);
        const other = await fresh();
        assert.match((await refused(other, '--table', 'app.t')).stderr, says(['types.hstore']));
        await restore(other, '--table', 'app.u');
        assert.equal(await server.query(other, 'select count(*) from app.u'), '0\n');
        await restore(await fresh());
        await server.query(
          'needy',
          `create table types.log (what text, at date);
          create view app.seen as select a.n, extract(year from l.at) as y from app.t a join types.log l on l.what = a.t;
          create function app.last(types.log) returns int language sql as 'select 1';
          create policy ours on app.u using (exists (select from types.log l where l.at is distinct from now()))`,
        );
        await run(['backup', url('needy')], 0);
        const third = await fresh();
        await server.query(third, 'create schema types; create extension hstore with schema types');
        assert.match((await refused(third, '--schema', 'app')).stderr, says(['types.log']));
        assert.match((await refused(third, '--table', 'app.u')).stderr, says(['types.log']));
        await server.query(third, 'create table types.log (what text, at date)');
        await restore(third, '--schema', 'app');
      });

      it('names are found in a database that is not in UTF-8', async () => {
        const make = (name: string): Promise<string> =>
          server.query('postgres', `create database ${name} encoding 'LATIN1' locale 'C' template template0`);
        const ask = (database: string, sql: string): Promise<string> =>
          server.query(database, `set client_encoding to utf8; ${sql}`);
        await make('latin');
        await ask(
          'latin',
          `create schema "Häuser"; create table "Häuser"."Ärger" (grün text); insert into "Häuser"."Ärger" values ('Öl')`,
        );
        await run(['backup', url('latin')], 0);
        await make('latin_copy');
        assert.match((await refused('latin_copy', '--table', 'Ä')).stderr, /hint: there are Häuser\.Ärger\n/);
        await restore('latin_copy', '--table', 'Ärger');
        await restore('latin_copy', '--table', 'Häuser.Ärger=public.Übel');
        await restore('latin_copy', '--schema', 'Häuser=Höfe');
        for (const table of ['"Häuser"."Ärger"', 'public."Übel"', '"Höfe"."Ärger"']) {
          assert.equal(await ask('latin_copy', `select grün from ${table}`), 'Öl\n', table);
        }
        const { stdout } = await run(['dump', 'latest', '--table', 'Ärger'], 0);
        assert.match(stdout, /FROM stdin;\n..?l\n/);
      });

      it('of an incomplete snapshot what is whole comes back', async () => {
        const own = [
          '--path',
          (JSON.parse((await run(['snapshots', '--json'], 0)).stdout) as { paths: string[] }[])[0]!.paths[0]!,
        ];
        await run(['rewrite', 'latest', ...own, '--exclude', '2-data.shop.customers.sql', '--forget'], 0);
        const to = await fresh();
        assert.match(
          (await refused(to, ...own)).stderr,
          /2-data\.shop\.customers\.sql is missing or cut short in the snapshot\nhint: tables that are whole/,
        );
        const lost = await refused(to, ...own, '--table', 'shop.orders', '--table', 'shop.customers');
        assert.match(lost.stderr, /the rows of shop\.customers are missing or cut short/);
        const told = await restore(to, ...own, '--table', 'shop.orders');
        assert.match(
          told.stderr,
          /the snapshot is incomplete, it lacks or has cut short: 2-data\.shop\.customers\.sql\n/,
        );
        assert.match(told.stdout, /restored 1 table with 200 rows/);
        const { stdout } = await run(['dump', 'latest', ...own, '--table', 'shop.events'], 0);
        assert.match(stdout, /COPY shop\.others/);
        assert.match(
          (await run(['show', 'latest', ...own], 0)).stdout,
          /^lost: +2-data\.shop\.customers\.sql$/m,
        );
        await run(['dump', 'latest', ...own], 1);
      });
    },
  );
}
