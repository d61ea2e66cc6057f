/** What of a PostgreSQL server goes into a snapshot: roles, all its databases or some, tables or some, one file. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { jsonLines, runProgram } from '../support/program.ts';
import { type BackupProgram, holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

for (const major of [18] as const) {
  describe(
    `choosing from PostgreSQL ${major}`,
    { skip: skipWithout(`postgres${major}`), timeout: 240_000 },
    () => {
      let server: DatabaseServer;
      let folder: string;
      let ours: BackupProgram;

      before(async () => {
        server = await startPostgres({ major });
        folder = mkdtempSync(join(tmpdir(), 'holdfast-pg-'));
        writeFileSync(join(folder, 'password'), `${server.password}\n`);
        const repository = join(folder, 'repository');
        await makeRepositoryFolder(repository, { chunker: 'fast' });
        ours = holdfast({ repository, password, env: { HOLDFAST_POSTGRES_BIN: server.bin } });
      });
      after(async () => {
        await server.stop();
        removeTree(folder);
      });

      const url = (database: string, user = server.user): string =>
        `postgres://${user}@/${encodeURIComponent(database)}?host=${server.socket}&port=${server.port}`;
      const place = (database: string): string =>
        `/postgres/${server.socket.replaceAll('/', '%2F')}_${server.port}/${database}`;
      const file = async (path: string): Promise<string> =>
        (await ours.run(['dump', 'latest', path, '--path', path.slice(0, path.lastIndexOf('/'))])).stdout;

      describe('roles and tablespaces', () => {
        before(async () => {
          await server.createDatabase('g');
          await server.query(
            'g',
            `create role "Ann's" login password 'one' connection limit 3 valid until '2030-01-01';
           create role readers; grant readers to "Ann's" with admin option;
           alter role "Ann's" set work_mem = '8MB'; create role plain login;
           alter database g owner to plain`,
          );
          await server.query(
            'postgres',
            `create tablespace fast owner plain location '${await tablespace('fast')}'`,
          );
        });

        it('are a file that makes them on another server', async () => {
          await ours.run(['backup', url('g')]);
          const globals = await file(`${place('g')}/globals.sql`);
          const { stdout } = await runProgram(join(server.bin, 'pg_dumpall'), ['--globals-only'], {
            env: { ...server.env, PGTZ: 'UTC' },
          });
          assert.equal(globals, stdout.replaceAll(/^\\(restrict|unrestrict) \w+$/gm, '\\$1 holdfast'));
          assert.match(globals, /SCRAM-SHA-256/);
          assert.match(globals, /CREATE TABLESPACE fast OWNER plain/);
          const { globals: told } = JSON.parse(await file(`${place('g')}/evidence.json`)) as {
            globals?: { name: string; bytes: number; passwords: boolean };
          };
          assert.deepEqual(told, { name: 'globals.sql', bytes: Buffer.byteLength(globals), passwords: true });
        });

        it('come without passwords for who may not read these, who is told', async () => {
          const { stderr } = await ours.run(['backup', url('g', 'plain')]);
          assert.match(stderr, /roles are backed up without passwords, which this user may not read/);
          const globals = await file(`${place('g')}/globals.sql`);
          assert.match(globals, /CREATE ROLE "Ann's"/);
          assert.match(globals, /GRANT readers TO "Ann's" WITH ADMIN OPTION/);
          assert.doesNotMatch(globals, /SCRAM/);
        });

        it('stay away when asked to', async () => {
          await ours.run(['backup', '--no-globals', url('g')]);
          const { stdout } = await ours.run(['ls', 'latest']);
          assert.doesNotMatch(stdout, /globals/);
        });
      });

      describe('all databases of a server', () => {
        const names = ['every', 'every-2', 'every.3', 'every a=b/c'];
        const urlOfAll = (user = server.user): string =>
          `postgres://${user}@/*?host=${server.socket}&port=${server.port}`;

        before(async () => {
          for (const name of names) {
            await server.createDatabase(name);
            await server.query(name, `create table t as select '${name}' as name`);
          }
          await server.createDatabase('every closed');
          await server.query('postgres', `alter database "every closed" with allow_connections false`);
          await server.query('postgres', `create database "every template" with is_template true`);
        });

        it('each get a snapshot of their own, and one that fails is named', async () => {
          await server.query('every-2', 'create role nosy login; alter table t owner to postgres');
          for (const name of names) {
            if (name !== 'every-2') await server.query(name, 'grant select on t to nosy');
          }
          const { stdout, stderr } = await ours.run(
            ['backup', '--no-globals', '--database', 'every*', urlOfAll('nosy')],
            {
              expect: 1,
            },
          );
          assert.equal(stdout.match(/^snapshot \w+ saved$/gm)?.length, 3);
          assert.match(stderr, /^error: .*every-2: pg_dump failed .*permission denied for table t/m);
          assert.match(
            stderr,
            /^holdfast: 1 of 4 databases are not backed up: \S*every-2\nhint: the others have /m,
          );
          const none = await ours.run(['backup', '--no-globals', '--database', 'every-2', urlOfAll('nosy')], {
            expect: 1,
          });
          assert.match(
            none.stderr,
            /^holdfast: 1 of 1 databases are not .*\nhint: the messages above say what/m,
          );
          const snapshots = (await ours.json(['snapshots'])) as { paths: string[] }[];
          const paths = snapshots.flatMap(({ paths }) => paths).filter((path) => path.includes('/every'));
          assert.deepEqual(paths, [place('every'), place('every a=b%2Fc'), place('every.3')]);
          const all = await ours.run(['dump', 'latest', '--path', place('every')]);
          assert.match(all.stdout, /^every$/m, 'not one whose name begins the same');
        });

        it('are chosen by patterns that must match', async () => {
          const chosen = [
            '--database',
            'every?3',
            '--database',
            '"every a=b/c"',
            '--exclude-database',
            '*a=b*',
          ];
          const { stdout } = await ours.run(['backup', '--no-globals', '--json', ...chosen, urlOfAll()]);
          const told = jsonLines(stdout).filter(({ message_type }) => message_type === 'database');
          assert.deepEqual(told, [{ message_type: 'database', path: place('every.3') }]);
          const idle = ['--database', '*template', '--exclude-database', '"EVERY"', '--database', 'every'];
          const { stderr } = await ours.run(['backup', ...idle, urlOfAll()], { expect: 1 });
          assert.match(stderr, /matches --database \*template, --exclude-database "EVERY"\n/);
          const one = await ours.run(['backup', '--database', 'every', url('every')], { expect: 1 });
          assert.match(one.stderr, /patterns of databases choose among those of a server/);
          const none = await ours.run(['backup', '--table', 't', folder], { expect: 1 });
          assert.match(none.stderr, /--table is for databases/);
        });
      });

      describe('tables and schemas', () => {
        const all = [
          '2-data.Odd %2E.T.sql',
          '2-data.public.log.sql',
          '2-data.public.orders.sql',
          '2-data.public.ordinary.sql',
        ];
        before(async () => {
          await server.createDatabase('part');
          await server.query(
            'part',
            `create table orders as select 1 as id; create table ordinary as select 2 as id;
           create table log as select i from generate_series(1, 100) i;
           create schema "Odd ."; create table "Odd ."."T" as select 3 as id; create schema bare`,
          );
        });

        /** The names of the parts with rows. */
        async function tablesOf(...flags: string[]): Promise<string[]> {
          await ours.run(['backup', '--no-globals', ...flags, url('part')]);
          const { stdout } = await ours.run(['ls', 'latest', '--json']);
          return jsonLines(stdout).flatMap(({ name }) =>
            String(name).startsWith('2-') ? [String(name)] : [],
          );
        }

        it('are taken or left out by patterns', async () => {
          assert.deepEqual(await tablesOf(), all);
          assert.deepEqual(await tablesOf('--table', 'ord*', '--exclude-table', 'ordinar?'), [all[2]]);
          assert.deepEqual(await tablesOf('--schema', '"Odd ."'), [all[0]]);
          assert.deepEqual(
            await tablesOf('--exclude-schema', '"Odd"*', '--exclude-table', 'public.LOG'),
            all.slice(2),
          );
          const { choices } = JSON.parse(await file(`${place('part')}/evidence.json`)) as {
            choices: unknown;
          };
          assert.deepEqual(choices, { excludeSchemas: ['"Odd"*'], excludeTables: ['public.LOG'] });
        });

        it('can be kept without their rows', async () => {
          const names = await tablesOf('--exclude-table-data', 'log', '--exclude-table-data', '"Odd ."."T"');
          assert.deepEqual(names, all.slice(2));
          await server.createDatabase('part back');
          await ours.run(['restore', 'latest', '--to', url('part back')]);
          const counts = 'select (select count(*) from log), (select count(*) from orders)';
          assert.equal(await server.query('part back', counts), '0\t1\n');
        });

        it('must be there when they are named', async () => {
          const before = await ours.json(['snapshots']);
          const idle = [
            ...['--table', 'Orders.x', '--exclude-table', '"LOG"', '--exclude-table-data', 'bare.*'],
            ...['--schema', 'od', '--exclude-schema', "it's \\d"],
          ];
          const { stderr } = await ours.run(['backup', '--table', 'log', ...idle, url('part')], {
            expect: 1,
          });
          for (let i = 0; i < idle.length; i += 2)
            assert.ok(stderr.includes(`${idle[i]} ${idle[i + 1]}`), stderr);
          assert.match(stderr, /nothing in the database matches/);
          assert.doesNotMatch(stderr, /--table log/);
          assert.deepEqual(await ours.json(['snapshots']), before);
        });

        it('must not be left out altogether', async () => {
          const before = await ours.json(['snapshots']);
          for (const flags of [
            ['--table', 'log', '--exclude-table', 'log'],
            ['--exclude-table', '*.*'],
            ['--schema', '"Odd ."', '--exclude-table', '"Odd ."."T"'],
            ['--schema', 'public', '--exclude-schema', 'publi?'],
          ]) {
            const { stderr } = await ours.run(['backup', ...flags, url('part')], { expect: 1 });
            assert.match(stderr, /: no table of the database is left to back up\nhint: /, flags.join(' '));
          }
          assert.deepEqual(await ours.json(['snapshots']), before);
          // where tables are named, pg_dump does not look at schemas
          assert.deepEqual(await tablesOf('--table', 'log', '--exclude-schema', 'public'), [all[1]]);
          assert.deepEqual(await tablesOf('--schema', 'bare'), []);
        });
      });

      describe('one file', () => {
        before(async () => {
          await server.createDatabase('o/ne');
          await server.query(
            'o/ne',
            `create table t as select i, 'row ' || i as v from generate_series(1, 1000) i`,
          );
        });

        const dumpOf = async (database: string): Promise<string> => {
          const env = { ...server.env, PGDATABASE: database, PGTZ: 'UTC' };
          const { stdout } = await runProgram(join(server.bin, 'pg_dump'), [], { env });
          return stdout.replaceAll(/^\\(restrict|unrestrict) \w+$/gm, '\\$1');
        };

        for (const [format, name, program] of [
          ['sql', 'o%2Fne.sql', ['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null']],
          ['custom', 'o%2Fne.dump', ['pg_restore', '--exit-on-error', '--dbname=by tool']],
        ] as const) {
          it(`for ${program[0]}, that it restores by itself`, async () => {
            await ours.run(['backup', '--format', format, url('o/ne')]);
            const folderOf = `${place('o%2Fne')}/${format}`;
            const { stdout } = await ours.run(['ls', 'latest', '--path', folderOf]);
            const names = ['evidence.json', 'globals.sql', name].map((one) => `${folderOf}/${one}`);
            assert.deepEqual(stdout.trim().split('\n').slice(-3), names);
            const { bytes } = await ours.run(['dump', 'latest', `${folderOf}/${name}`]);
            await server.query('postgres', 'drop database if exists "by tool"');
            await server.createDatabase('by tool');
            const [tool, ...args] = program;
            await runProgram(join(server.bin, tool), args, {
              env: { ...server.env, PGDATABASE: 'by tool' },
              input: bytes,
            });
            assert.equal(await dumpOf('by tool'), await dumpOf('o/ne'));
            await server.query('postgres', 'drop database if exists "by us"');
            const { stdout: told } = await ours.run(['restore', 'latest', '--create', '--to', url('by us')]);
            assert.match(told, /restored 1 table with 1000 rows into by us/);
            assert.equal(await dumpOf('by us'), await dumpOf('o/ne'));
            await ours.run(['restore', 'latest', '--to', url('by us'), '--table', 'public.t=public.again']);
            assert.equal(await server.query('by us', 'select count(*) from again'), '1000\n');
            const whole = await ours.run(['dump', 'latest']);
            if (format === 'custom') assert.ok(whole.bytes.equals(bytes));
            else
              assert.equal(
                whole.stdout.replaceAll(/^(\\(?:un)?restrict) \w+$/gm, '$1 holdfast'),
                bytes.toString(),
              );
            await server.query('postgres', 'drop database if exists "by form"');
            await server.createDatabase('by form');
            const psql = async (input: string | Buffer): Promise<void> =>
              void (await runProgram(
                join(server.bin, 'psql'),
                ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'],
                { env: { ...server.env, PGDATABASE: 'by form' }, input },
              ));
            await psql((await ours.run(['dump', 'latest', '--format', 'sql'])).bytes);
            assert.equal(await dumpOf('by form'), await dumpOf('o/ne'));
            await server.query('by form', 'drop table t');
            await psql((await ours.run(['dump', 'latest', '--table', 'public.t'])).bytes);
            assert.equal(await dumpOf('by form'), await dumpOf('o/ne'));
            const archive = await ours.run(['dump', 'latest', '--format', 'custom']);
            assert.equal(archive.bytes.toString('latin1', 0, 5), 'PGDMP');
            const scripts = join(folder, `initdb-${format}`);
            await ours.run(['dump', 'latest', '--format', 'initdb', '--target', scripts]);
            assert.deepEqual(readdirSync(scripts).toSorted(), ['10-roles.sql.gz', '20-o%2Fne.sql.gz']);
          });
        }
      });

      describe('several connections', () => {
        before(async () => {
          await server.createDatabase('jobs');
          // not compressed on the disk, so that they are worth a connection each
          for (const name of ['"Big ""one"""', 'big_two', 'big_three']) {
            await server.query(
              'jobs',
              `create table ${name} (i serial, v text); alter table ${name} alter v set storage external;
         insert into ${name} (v) select repeat('${'x'.repeat(20)}' || i, 500) from generate_series(1, 1800) i`,
            );
          }
          await server.query('jobs', 'create table small as select 1 as i; create index on big_two (i)');
        });

        it('give the same parts as one', async () => {
          const evidence = async (...flags: string[]): Promise<Record<string, unknown>> => {
            await ours.run(['backup', '--no-globals', ...flags, url('jobs')]);
            return JSON.parse(await file(`${place('jobs')}/evidence.json`)) as Record<string, unknown>;
          };
          const one = await evidence();
          assert.deepEqual(await evidence('--jobs', '3'), one);
          const { stdout } = await ours.run(['backup', '--no-globals', '--json', '--jobs', '2', url('jobs')]);
          const summary = jsonLines(stdout).at(-1);
          assert.equal(summary?.['data_blobs'], 0, 'a block that one connection does not give');
        });

        it('end together', async () => {
          const bin = mkdtempSync(join(folder, 'bin-'));
          symlinkSync(join(server.bin, 'psql'), join(bin, 'psql'));
          const script = `case "$*" in *section=data*big_three*) "${server.bin}/pg_dump" "$@" | head -c 100000; exit 7;; esac
      exec "${server.bin}/pg_dump" "$@"`;
          writeFileSync(join(bin, 'pg_dump'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
          const count = async (): Promise<number> => ((await ours.json(['snapshots'])) as unknown[]).length;
          const before = await count();
          const { stderr } = await ours.run(['backup', '--no-globals', '--jobs', '3', url('jobs')], {
            env: { HOLDFAST_POSTGRES_BIN: bin },
            expect: 1,
          });
          assert.match(
            stderr,
            /the dump ends among the rows of public\.big_three|pg_dump failed with status 7/,
          );
          assert.equal(await count(), before);
          const held = `select count(*) from pg_stat_activity where application_name = 'holdfast'`;
          assert.equal(await server.query('postgres', held), '0\n');
        });
      });

      /** A folder of the server's own. */
      async function tablespace(name: string): Promise<string> {
        const path = join(server.socket, name);
        await server.query('postgres', `copy (select 1) to program 'mkdir ${path}'`);
        return path;
      }
    },
  );
}
