/** What goes wrong in the middle of a restore into PostgreSQL is said, and how it leaves the database. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import type { RunResult } from '../support/program.ts';
import { holdfast, holdfastBin } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { runUnprivileged } from '../support/unprivileged.ts';

/** A table that is quick to make, and whose rows take 10 ms each to load, or do not load at all. */
const slowly = (body: string): string => `
  create function computed(n int) returns int immutable language plpgsql as $$ begin return n; end $$;
  create table before (n int);
  insert into before values (1);
  create table slow (n int, m int generated always as (computed(n)) stored);
  insert into slow select generate_series(1, 3000);
  create or replace function computed(n int) returns int immutable language plpgsql as $$ begin ${body} return n; end $$;
`;

for (const major of [15, 18] as const) {
  describe(
    `a restore into PostgreSQL ${major}`,
    { skip: skipWithout(`postgres${major}`), timeout: 240_000 },
    () => {
      let server: DatabaseServer;
      let folder: string;
      const ours = () => holdfast({ repository: join(folder, 'repository'), password });
      const env = () => ({ HOLDFAST_POSTGRES_BIN: server.bin, PGUSER: server.user });
      const url = (database: string): string =>
        `postgres:///${database}?host=${encodeURIComponent(server.socket)}&port=${server.port}`;
      const run = (args: readonly string[], expect = 0): Promise<RunResult> =>
        ours().run(args, { expect, env: env() });
      const restore = (of: string, to: string, ...flags: string[]): string[] => [
        ...[
          'restore',
          'latest',
          '--path',
          `/postgres/${server.socket.replaceAll('/', '%2F')}_${server.port}/${of}`,
        ],
        ...['--to', url(to), ...flags],
      ];
      const databases = (): Promise<string> =>
        server.query('postgres', 'select datname from pg_database order by 1');
      const tables = (database: string): Promise<string> =>
        server.query(
          database,
          `select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
        );
      const loading = async (): Promise<void> => {
        const asked = `select count(*) from pg_stat_activity where application_name like 'holdfast%' and query like 'COPY public.slow %' and state = 'active'`;
        for (let i = 0; i < 600; i++) {
          if ((await server.query('postgres', asked)) !== '0\n') return;
          await pause(50);
        }
        throw new Error('no rows are loaded');
      };

      before(async () => {
        server = await startPostgres({ major });
        folder = mkdtempSync(join(tmpdir(), 'holdfast-pgfault-'));
        await makeRepositoryFolder(join(folder, 'repository'), { chunker: 'fast' });
        await server.createDatabase('refusing');
        await server.query(
          'refusing',
          slowly(`if n = 2000 then raise exception 'no room for %', n; end if;`),
        );
        await run(['backup', url('refusing')]);
        await server.createDatabase('slow');
        await server.query('slow', slowly('perform pg_sleep(0.01);'));
        await run(['backup', url('slow')]);
      });
      after(async () => {
        await server.stop();
        removeTree(folder);
      });

      it("that fails says why in psql's words, and what is left", async () => {
        await server.createDatabase('half');
        for (const flags of [[], ['--clean', '--yes'], ['--clean', '--yes', '--jobs', '2']]) {
          const failed = await run(restore('refusing', 'half', ...flags), 1);
          assert.match(failed.stderr, /psql failed with status 3: .*ERROR: .*no room for 2000/);
          assert.match(
            failed.stderr,
            /the database half is left with a part of the restore\nhint: --clean empties it/,
          );
          assert.equal(await tables('half'), 'before\nslow\n');
        }
      });

      it('in one transaction leaves everything as it was', async () => {
        await server.createDatabase('kept');
        const empty = await run(restore('refusing', 'kept', '--single-transaction'), 1);
        assert.match(empty.stderr, /no room for 2000.*; nothing was changed/);
        assert.equal(await tables('kept'), '');
        await server.query('kept', 'create table mine as select 1');
        await run(restore('refusing', 'kept', '--single-transaction', '--clean', '--yes'), 1);
        assert.equal(await tables('kept'), 'mine\n');
        const all = await databases();
        const made = await run(restore('refusing', 'new', '--single-transaction', '--create'), 1);
        assert.match(made.stderr, /no room for 2000.*; the new database new was dropped again/);
        assert.equal(await databases(), all);
      });

      it('in one transaction leaves no large objects either', async () => {
        await server.createDatabase('large objects');
        const elsewhere = `if current_database() <> 'large objects' then raise exception 'elsewhere'; end if;`;
        await server.query(
          'large objects',
          `create table t as select 1 as i; select lo_from_bytea(0, 'x');
           create function here(i int) returns int language plpgsql immutable
             as $$ begin ${elsewhere} return i; end $$;
           create index on t (here(i))`,
        );
        await run(['backup', url('large objects')]);
        await server.createDatabase('nothing');
        const failed = await run(restore('large objects', 'nothing', '--single-transaction'), 1);
        assert.match(failed.stderr, /elsewhere.*; nothing was changed/);
        assert.doesNotMatch(failed.stderr, /transaction in progress/);
        assert.equal(await tables('nothing'), '');
        const count = 'select count(*) from pg_largeobject_metadata';
        assert.equal(await server.query('nothing', count), '0\n');
      });

      for (const [flags, left, there] of [
        [[], 'the database stopped is left with a part of the restore', 'before\nslow\n'],
        [['--single-transaction'], 'nothing was changed', ''],
      ] as const) {
        it(`that is interrupted says what is left, ${flags.length === 0 ? 'plainly' : 'in one transaction'}`, async () => {
          await server.query('postgres', 'drop database if exists stopped');
          await server.createDatabase('stopped');
          const child = spawn(
            process.execPath,
            [holdfastBin, ...restore('slow', 'stopped', ...flags), '--no-cache'],
            {
              env: {
                ...process.env,
                ...env(),
                RESTIC_REPOSITORY: join(folder, 'repository'),
                RESTIC_PASSWORD: password,
              },
              stdio: ['ignore', 'ignore', 'pipe'],
            },
          );
          let words = '';
          child.stderr.on('data', (text) => (words += String(text)));
          const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
          await loading();
          child.kill('SIGINT');
          assert.equal(await ended, 130);
          assert.ok(words.includes(`warning: ${left}`), words);
          assert.equal(await tables('stopped'), there);
          const busy = `select count(*) from pg_stat_activity where application_name like 'holdfast%'`;
          for (let i = 0; (await server.query('postgres', busy)) !== '0\n'; i++) {
            assert.ok(i < 100, 'nobody goes on loading');
            await pause(100);
          }
        });
      }

      it('with a file that cannot grow says so', { skip: skipWithout('prlimit') }, async () => {
        await server.createDatabase('large');
        await server.query(
          'large',
          `create table t as select repeat(md5(i::text), 8) from generate_series(1, 100000) i`,
        );
        await run(['backup', url('large')]);
        await server.createDatabase('narrow');
        const data = (await server.query('postgres', 'show data_directory')).trim();
        const pid = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]!;
        const limit = (bytes: string) =>
          runUnprivileged(toolPath('prlimit'), [`--pid=${pid}`, `--fsize=${bytes}`]);
        await limit('20000000:');
        try {
          const failed = await run(restore('large', 'narrow'), 1);
          assert.match(
            failed.stderr,
            /psql failed with status \d: .*(?:could not extend|could not write).*; the database narrow is left/,
          );
        } finally {
          await limit('unlimited:');
        }
      });

      it('whose server dies says so', async () => {
        await server.createDatabase('dead');
        const running = run(restore('slow', 'dead'), 1);
        await loading();
        await server.kill();
        const { stderr } = await running;
        assert.match(
          stderr,
          /psql failed with status \d: .*(?:server closed the connection|connection to server was lost|terminat)/,
        );
        assert.match(stderr, /; the database dead is left with a part of the restore/);
        const gone = await run(restore('slow', 'dead', '--clean', '--yes'), 1);
        assert.match(
          gone.stderr,
          /psql failed with status 2: .*(?:No such file or directory|Connection refused)/,
        );
      });
    },
  );
}
