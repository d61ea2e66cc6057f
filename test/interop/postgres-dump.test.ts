/** A PostgreSQL database of a snapshot is written in forms that PostgreSQL's own programs take, on real servers. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram, type RunResult } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const name = `it's "odd" \\ shop`;
const shop = `
  create role ada login; create role "odd 'reader'";
  create schema "odd.schema" authorization ada;
  create type mood as enum ('sad', 'ok');
  create table people (id int generated always as identity primary key, name text unique, mood mood, raw bytea);
  insert into people (name, mood, raw) select E'p\\\\.\\n' || i, 'ok', decode(md5(i::text), 'hex') from generate_series(1, 3000) i;
  create table "odd.schema"."a ""quoted""
name" (id serial, person int references people);
  insert into "odd.schema"."a ""quoted""
name" (person) select i from generate_series(1, 100) i;
  alter table people owner to ada;
  create view old as select * from people where id < 10;
  create materialized view counted as select mood, count(*) from people group by mood;
  create function tricky(a int, b text default 'x;y') returns text language sql as $f$ select 'ALTER TABLE x OWNER TO y;
--
-- Name: fake; Type: TABLE; Schema: public; Owner: nobody
--
'::text $f$;
  create index on people (mood);
  create table measured (at date, v int) partition by range (at);
  create table measured_rest partition of measured default;
  insert into measured values ('2024-01-01', 1);
  grant select on people to "odd 'reader'";
  comment on table people is 'a comment; it''s long';
  select lo_from_bytea(0, decode(repeat('00ff5c2e0a', 5000), 'hex')), lo_create(0);
`;

for (const major of [15, 18] as const) {
  describe(
    `dumps of PostgreSQL ${major}`,
    { skip: skipWithout(`postgres${major}`), timeout: 240_000 },
    () => {
      let server: DatabaseServer;
      let folder: string;
      let first: string;
      const run = (args: readonly string[], expect = 0): Promise<RunResult> =>
        holdfast({ repository: join(folder, 'repository'), password }).run(args, {
          expect,
          env: { HOLDFAST_POSTGRES_BIN: server.bin },
        });
      const program = (
        of: DatabaseServer,
        command: string,
        database: string,
        args: readonly string[],
        input?: Buffer,
      ) =>
        runProgram(join(of.bin, command), args, {
          env: { ...of.env, PGDATABASE: database },
          ...(input && { input }),
        });
      const dumpOf = async (database: string, of = server): Promise<string> =>
        (await program(of, 'pg_dump', database, [])).stdout.replaceAll(
          /^\\(restrict|unrestrict) \w+$/gm,
          '\\$1',
        );

      before(async () => {
        server = await startPostgres({ major });
        folder = mkdtempSync(join(tmpdir(), 'holdfast-pgdump-'));
        await makeRepositoryFolder(join(folder, 'repository'), { chunker: 'fast' });
        await server.createDatabase(name);
        await server.query(name, shop);
        first = await dumpOf(name);
        const url = `postgres://${server.user}@/${encodeURIComponent(name)}?host=${encodeURIComponent(server.socket)}&port=${server.port}`;
        await run(['backup', url]);
      });
      after(async () => {
        await server.stop();
        removeTree(folder);
      });

      it('are archives that pg_restore takes, in every way', async () => {
        const archive = join(folder, 'shop.dump');
        writeFileSync(archive, (await run(['dump', 'latest', '--format', 'custom'])).bytes);
        for (const [i, flags] of [[], ['-j', '2'], ['-1']].entries()) {
          await server.createDatabase(`restored ${i}`);
          const to = `--dbname=restored ${i}`;
          await program(server, 'pg_restore', 'postgres', [to, '--exit-on-error', ...flags, archive]);
          assert.ok((await dumpOf(`restored ${i}`)) === first, `the same with ${flags.join(' ')}`);
        }
        await server.createDatabase('not owned');
        const bare = ['--dbname=not owned', '--no-owner', '--no-acl', '--exit-on-error', archive];
        await program(server, 'pg_restore', 'postgres', bare);
        assert.doesNotMatch(await dumpOf('not owned'), /OWNER TO ada|^GRANT .* "odd 'reader'"/m);

        const listed = (await program(server, 'pg_restore', 'postgres', ['--list', archive])).stdout;
        assert.match(listed, /TABLE DATA public people/);
        const one = await program(server, 'pg_restore', 'postgres', ['--file=-', '--table=people', archive]);
        assert.match(one.stdout, /CREATE TABLE public\.people[^]*COPY public\.people/);
        assert.doesNotMatch(one.stdout, /measured/);
        const fromPipe = await program(server, 'pg_restore', 'postgres', ['--file=-'], readFileSync(archive));
        assert.match(fromPipe.stdout, /COPY public\.people/);
      });

      it('are scripts that a new container would run in their order', async () => {
        const scripts = join(folder, 'initdb.d');
        const nowhere = await run(['dump', 'latest', '--format', 'initdb'], 1);
        assert.match(nowhere.stderr, /--format initdb writes files into a folder/);
        await run(['dump', 'latest', '--format', 'initdb', '--target', scripts]);
        const files = readdirSync(scripts).toSorted();
        assert.deepEqual(files, ['10-roles.sql.gz', `20-it's "odd" %5C shop.sql.gz`]);
        const other = await startPostgres({ major });
        try {
          for (const file of files) {
            const input = gunzipSync(readFileSync(join(scripts, file)));
            const strict = ['-v', 'ON_ERROR_STOP=1', '--no-psqlrc', '-q', '-o', '/dev/null'];
            await program(other, 'psql', 'postgres', strict, input);
          }
          assert.ok((await dumpOf(name, other)) === first);
        } finally {
          await other.stop();
        }
      });

      it('are of one table', async () => {
        await server.createDatabase('one');
        await server.query('one', `create type mood as enum ('sad', 'ok')`);
        const { bytes } = await run(['dump', 'latest', '--table', 'people']);
        await program(server, 'psql', 'one', ['-v', 'ON_ERROR_STOP=1', '-X', '-q', '-o', '/dev/null'], bytes);
        assert.equal(await server.query('one', 'select count(*), max(id) from people'), '3000\t3000\n');
        const missing = await run(['dump', 'latest', '--table', 'nothing'], 1);
        assert.match(missing.stderr, /the dump has no table nothing\nhint: there are /);
        assert.equal(missing.stdout, '');
        const both = await run(['dump', 'latest', '--table', 'people', '--format', 'custom'], 1);
        assert.match(both.stderr, /--table goes with --format sql alone/);
      });
    },
  );
}
