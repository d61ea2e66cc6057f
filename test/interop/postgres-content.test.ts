/** Whatever a PostgreSQL database may hold comes back: the restored database's own dump is the first one's. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram } from '../support/program.ts';
import { type BackupProgram, holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { everything, missingTypes } from './postgres-everything.ts';

const oddDatabases = ['a=b', 'line\nfeed', `it's \\ "q" /..`];

for (const major of [15, 18] as const) {
  describe(
    `what PostgreSQL ${major} holds`,
    { skip: skipWithout(`postgres${major}`), timeout: 240_000 },
    () => {
      let server: DatabaseServer;
      let folder: string;
      let ours: BackupProgram;

      /** What takes long and does not depend on the version. */
      const onNewest = (name: string, run: (t: TestContext) => Promise<void>): void => {
        if (major === 18) it(name, run);
      };

      before(async () => {
        server = await startPostgres({ major, settings: { max_locks_per_transaction: '400' } });
        folder = mkdtempSync(join(tmpdir(), 'holdfast-pg-'));
        const repository = join(folder, 'repository');
        await makeRepositoryFolder(repository, { chunker: 'fast' });
        ours = holdfast({ repository, password, env: { HOLDFAST_POSTGRES_BIN: server.bin } });
      });
      after(async () => {
        await server.stop();
        removeTree(folder);
      });

      const url = (database: string, user = server.user): string =>
        `postgres://${user}@/${database}?host=${server.socket}&port=${server.port}`;
      const named = (database: string): string => encodeURIComponent(database);
      const place = (database: string): string =>
        `/postgres/${server.socket.replaceAll('/', '%2F')}_${server.port}/${database}`;

      /** SHA-256 of a dump with nothing random in it, and its first part for messages. */
      async function dumpOf(database: string): Promise<{ hash: string; text: string }> {
        const env = { ...server.env, PGDATABASE: '', PGTZ: 'UTC' };
        const name = `dbname='${database.replaceAll(/[\\']/g, '\\$&')}'`;
        const { bytes } = await runProgram(join(server.bin, 'pg_dump'), ['-d', name], { env });
        const plain = bytes.toString('latin1').replaceAll(/^\\(restrict|unrestrict) \w+$/gm, '\\$1');
        return { hash: createHash('sha256').update(plain).digest('hex'), text: plain.slice(0, 5_000_000) };
      }

      async function assertSame(one: string, other: string): Promise<void> {
        const [first, second] = [await dumpOf(one), await dumpOf(other)];
        if (first.hash !== second.hash) assert.equal(second.text, first.text);
        assert.equal(second.hash, first.hash);
      }

      it('of every type and kind of object, under any name, in any encoding, or nothing', async () => {
        await server.createDatabase('all');
        await server.query('all', everything(major));
        assert.equal(await server.query('all', missingTypes), '\n', 'types that the test does not have');
        await server.createDatabase('all-2');
        const make = (name: string, encoding: string): Promise<string> =>
          server.query(
            'postgres',
            `create database "${name}" template template0 encoding '${encoding}' lc_collate 'C' lc_ctype 'C'
          ${major === 18 ? "locale_provider 'libc'" : ''}`,
          );
        for (const name of ['latin', 'latin back']) await make(name, 'LATIN1');
        for (const name of ['bytes', 'bytes back']) await make(name, 'SQL_ASCII');
        await server.query(
          'latin',
          `set client_encoding = utf8; create table "größe" as select 'naïve ÿ' as "é"`,
        );
        // neither UTF-8 nor anything else
        await server.query('bytes', `create table t (v text); create table "n" as select 1`);
        await server.query(
          'bytes',
          `do $$ begin execute format('insert into t values (%L), (%L)', convert_from('\\xff80fe', 'SQL_ASCII'), convert_from('\\xc3a9', 'SQL_ASCII'));
        execute format('create table %I as select 1', convert_from('\\xe9', 'SQL_ASCII')); end $$`,
        );
        for (const name of oddDatabases) {
          await server.createDatabase(name);
          await server.query(name, 'create table t as select current_database()');
        }

        const chosen = ['--exclude-database', 'postgres', '--exclude-database', '*back'];
        await ours.run(['backup', ...chosen, url('*')]);
        const snapshots = (await ours.json(['snapshots'])) as unknown[];
        assert.equal(snapshots.length, 4 + oddDatabases.length);
        await server.createDatabase('all back');
        await server.createDatabase('empty back');
        for (const [from, to] of [
          ['all', 'all back'],
          ['all-2', 'empty back'],
          ['latin', 'latin back'],
          ['bytes', 'bytes back'],
        ] as const) {
          await ours.run(['restore', 'latest', '--path', place(from), '--to', url(named(to))]);
          await assertSame(from, to);
        }
        const { stdout } = await ours.run(['dump', 'latest', '--path', place('line%0Afeed')]);
        assert.match(stdout, /^line\\nfeed$/m);
      });

      onNewest('in values of 100 MB', async () => {
        await server.createDatabase('large');
        await server.query(
          'large',
          `create table t (id int, v text compression pglz, b bytea compression pglz);
         insert into t values (1, repeat(E'0123456789abcde\\\\n', 6250000), null), (2, 'after', decode(repeat('00', 5000000), 'hex'))`,
        );
        await ours.run(['backup', '--no-globals', url('large')]);
        await server.createDatabase('large back');
        await ours.run(['restore', 'latest', '--to', url(named('large back'))]);
        const sums = 'select id, length(v), md5(v), length(b), md5(b) from t order by id';
        assert.equal(await server.query('large back', sums), await server.query('large', sums));
      });

      it('whole or not at all: rows that are hidden from a user are an error', async () => {
        await server.createDatabase('hidden');
        await server.query(
          'hidden',
          `create table t as select i from generate_series(1, 10) i; create role half login; grant select on t to half;
         alter table t enable row level security; create policy seen on t to half using (i < 5)`,
        );
        const { stderr } = await ours.run(['backup', '--no-globals', url('hidden', 'half')], { expect: 1 });
        assert.match(
          stderr,
          /pg_dump failed .*query would be affected by row-level security policy for table "t"/,
        );
      });

      onNewest('in 10,000 tables', async (t) => {
        await server.createDatabase('wide');
        for (let from = 0; from < 10_000; from += 2500) {
          await server.query(
            'wide',
            `do $$ begin for i in ${from}..${from + 2499} loop execute format('create table t%s (i int)', i); end loop; end $$;
           do $$ begin for i in ${from}..${from + 2499} loop execute format('insert into t%s values (%s)', i, i); end loop; end $$`,
          );
        }
        const started = performance.now();
        const dumped = await dumpOf('wide');
        const between = performance.now();
        await ours.run(['backup', '--no-globals', url('wide')]);
        const ended = performance.now();
        const [theirs, own] = [between - started, ended - between].map((ms) => ms / 1000);
        t.diagnostic(`pg_dump took ${theirs!.toFixed(1)} s, the backup ${own!.toFixed(1)} s`);
        const { stdout } = await ours.run(['dump', 'latest']);
        const plain = stdout.replaceAll(/^\\(restrict|unrestrict) \w+$/gm, '\\$1');
        assert.equal(createHash('sha256').update(plain).digest('hex'), dumped.hash);
      });
    },
  );
}
