/** PostgreSQL databases go into a repository and come back the same, on real servers. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram } from '../support/program.ts';
import { type BackupProgram, holdfast, restic } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

/** What is hard to get right in a dump, or to cut apart. */
const difficult = `
  create schema "odd.schema";
  create type mood as enum ('sad', 'ok', 'it''s "fine"');
  create domain positive as int check (value > 0);
  create sequence tickets start 40 increment 3;
  select nextval('tickets'), nextval('tickets');
  create table people (id int generated always as identity primary key, name text not null, mood mood,
    n positive unique, born date, at timestamptz default '2020-02-03 04:05:06+02', amount numeric(30, 10), raw bytea, doc jsonb,
    tags text[], ip inet, span int4range, doubled bigint generated always as (id * 2::bigint) stored);
  insert into people (name, mood, n, raw, doc, tags, ip, span) select 'person ' || i, (enum_range(null::mood))[1 + i % 3], i,
    decode(md5(i::text) || '00', 'hex'), json_build_object('i', i, 'text', E'line\\n\\\\.\\nline'), array['a', null, E'b\\n\\t'],
    '10.0.0.1', int4range(i, i + 5) from generate_series(1, 3000) i;
  insert into people (name) values (E'\\\\.'), (E'COPY public.people (id) FROM stdin;\\n1\\n\\\\.'), (repeat('long ', 700000)), ('');
  create table "odd.schema"."a ""quoted""
name" (" " text, "FROM stdin;" int);
  insert into "odd.schema"."a ""quoted""
name" values ('x', 1), (null, null);
  create table nothing ();
  insert into nothing default values;
  create table empty (id int references people (id) deferrable);
  create table measured (at date not null, v float8) partition by range (at);
  create table measured_2023 partition of measured for values from ('2023-01-01') to ('2024-01-01');
  create table measured_rest partition of measured default;
  insert into measured select date '2023-06-01' + i, i / 3.0 from generate_series(1, 500) i;
  create table many as select i, md5(i::text) || repeat(md5(i::text), 4) as t from generate_series(1, 40000) i;
  create view grown as select name from people where n > 5;
  create materialized view counted as select mood, count(*) from people group by mood;
  create function tricky() returns text language sql as $f$ select '
--
-- Data for Name: people; Type: TABLE DATA; Schema: public; Owner: postgres
--

not rows
\\restrict abc
'::text $f$;
  create function touched() returns trigger language plpgsql as $f$ begin new.mood := 'ok'; return new; end $f$;
  create trigger touch before update on people for each row execute function touched();
  create index on people using gin (doc);
  alter table people enable row level security;
  create policy mine on people using (name = current_user);
  select lo_from_bytea(0, decode(repeat('00ff5c2e0a', 5000), 'hex'));
  comment on table people is E'a comment\\n--\\n-- with lines';
`;

for (const major of [15, 18] as const) {
  describe(
    `PostgreSQL ${major}`,
    { skip: skipWithout(`postgres${major}`, 'restic'), timeout: 240_000 },
    () => {
      let server: DatabaseServer;
      let folder: string;
      let ours: BackupProgram;
      let theirs: BackupProgram;
      const env = (): Record<string, string | undefined> => ({ HOLDFAST_POSTGRES_BIN: server.bin });
      const url = (database: string): string =>
        `postgres://${server.user}@${server.host}:${server.port}/${encodeURIComponent(database)}` +
        `?password_file=${encodeURIComponent(join(folder, 'password'))}`;
      const dumpOf = async (database: string): Promise<string> => {
        const dumped = await runProgram(join(server.bin, 'pg_dump'), [], {
          env: { ...server.env, PGDATABASE: database, PGTZ: 'UTC' },
        });
        return plain(dumped.stdout);
      };

      before(async () => {
        server = await startPostgres({ major });
        folder = mkdtempSync(join(tmpdir(), 'holdfast-pg-'));
        writeFileSync(join(folder, 'password'), `${server.password}\n`);
        const repository = join(folder, 'repository');
        await makeRepositoryFolder(repository, { chunker: 'fast' });
        ours = holdfast({ repository, password });
        theirs = restic({ repository, password });
      });
      after(async () => {
        await server.stop();
        removeTree(folder);
      });

      it('comes back the same, by ourselves and by psql alone', async () => {
        await server.createDatabase('shop');
        await server.query('shop', difficult);
        await ours.run(['backup', url('shop')], { env: env() });
        const first = await dumpOf('shop');
        const written = await ours.run(['dump', 'latest']);
        assert.equal(plain(written.stdout), first);

        await server.createDatabase('by holdfast');
        const told = await ours.run(['restore', 'latest', '--to', url('by holdfast')], { env: env() });
        assert.match(told.stdout, /restored 7 tables with 43507 rows into by holdfast/);
        assert.equal(await dumpOf('by holdfast'), first);

        await theirs.run(['restore', 'latest', '--target', join(folder, 'files')]);
        await server.createDatabase('by psql');
        const parts = join(folder, 'files', 'postgres', `${server.host}_${server.port}`, 'shop');
        const pieces = readdirSync(parts).filter((name) => name.startsWith('2-data.public.many.'));
        assert.ok(pieces.length > 1, 'a large table stands in pieces');
        const script = `cat ${parts}/[1-5]-*.sql | ${join(server.bin, 'psql')} -X -q -v ON_ERROR_STOP=1 -o /dev/null`;
        await runProgram('sh', ['-c', script], { env: { ...server.env, PGDATABASE: 'by psql' } });
        assert.equal(await dumpOf('by psql'), first);
        await theirs.run(['check', '--read-data']);
      });

      it('tells the same of the same rows, and stores what changed alone', async () => {
        await server.createDatabase('night');
        await server.query(
          'night',
          'create table t as select i, md5(i::text) || repeat(md5(i::text), 4) from generate_series(1, 50000) i',
        );
        const first = await evidenceOf('night');
        assert.equal(first.tables[0]?.rows, 50_000);
        const again = await added('night');
        assert.ok(again.blobs === 0, `${again.blobs} blocks of an unchanged database`);
        await server.query('night', 'delete from t where i = 25000');
        const changed = await added('night');
        assert.ok(changed.blobs >= 1 && changed.blobs <= 4, `${changed.blobs} blocks for one row`);
        await server.query(
          'night',
          'insert into t select 25000, md5(25000::text) || repeat(md5(25000::text), 4)',
        );
        const back = await evidenceOf('night');
        assert.deepEqual(back.tables, first.tables, 'the order of rows has no say');
      });

      it('makes no snapshot of what does not come whole, and says why without the password', async () => {
        const count = async (): Promise<number> => ((await ours.json(['snapshots'])) as unknown[]).length;
        const before = await count();
        const missing = await ours.run(['backup', url('no such database')], { env: env(), expect: 1 });
        assert.match(missing.stderr, /database "no such database" does not exist/);
        await server.createDatabase('locked');
        await server.query('locked', 'create table t as select 1; create role nobody login');
        const noRight = `postgres://nobody@/locked?host=${server.socket}&port=${server.port}`;
        const refused = await ours.run(['backup', noRight], { env: env(), expect: 1 });
        assert.match(refused.stderr, /pg_dump failed with status 1: .*permission denied for table t/);
        const inUrl = await ours.run(['backup', 'postgres://a:hidden@h/d'], { expect: 1 });
        assert.match(inUrl.stderr, /a password in a URL can be seen/);
        for (const { stdout, stderr } of [missing, refused, inUrl]) {
          assert.doesNotMatch(stdout + stderr, new RegExp(`${server.password}|hidden`));
        }
        assert.equal(await count(), before);
      });

      it('restores into empty databases alone, and stops at the first error', async () => {
        await server.createDatabase('full');
        await server.query('full', 'create table mine as select 1 as kept');
        const refused = await ours.run(['restore', 'latest', '--to', url('full')], {
          env: env(),
          expect: 1,
        });
        assert.match(refused.stderr, /the database full is not empty/);
        assert.equal(await server.query('full', 'select kept from mine'), '1\n');
      });

      interface Seen {
        tables: { rows: number; checksum: string }[];
      }

      async function evidenceOf(database: string): Promise<Seen> {
        await ours.run(['backup', url(database)], { env: env() });
        const path = `/postgres/${server.host}_${server.port}/${database}/evidence.json`;
        return JSON.parse((await ours.run(['dump', 'latest', path])).stdout) as Seen;
      }

      async function added(database: string): Promise<{ blobs: number }> {
        const { stdout } = await ours.run(['backup', url(database), '--json'], { env: env() });
        const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as { data_blobs: number };
        // the evidence is a block, too, when it differs
        return { blobs: summary.data_blobs };
      }
    },
  );
}

/** A dump with nothing random in it. */
function plain(dump: string): string {
  return dump.replaceAll(/^\\(restrict|unrestrict) [A-Za-z0-9]+$/gm, '\\$1');
}
