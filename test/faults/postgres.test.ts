/**
 * What can go wrong while a PostgreSQL database is read: no snapshot, status 1, the words of PostgreSQL's own programs,
 * and no password anywhere. Real servers and programs are killed, stopped, and lied to.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import type { RunResult } from '../support/program.ts';
import { type BackupProgram, holdfast } from '../support/restic.ts';
import { freePort } from '../support/server.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

describe('PostgreSQL that fails', { skip: skipWithout('postgres15', 'postgres18'), timeout: 120_000 }, () => {
  let server: DatabaseServer;
  let folder: string;
  let ours: BackupProgram;

  before(async () => {
    server = await startPostgres({ major: 18 });
    folder = mkdtempSync(join(tmpdir(), 'holdfast-pg-'));
    const repository = join(folder, 'repository');
    await makeRepositoryFolder(repository, { chunker: 'fast' });
    ours = holdfast({
      repository,
      password,
      env: { HOLDFAST_POSTGRES_BIN: server.bin, PGPASSWORD: server.password },
    });
    await server.createDatabase('long');
    // little on the disk, and long on its way: there is time to do harm
    await server.query(
      'long',
      `create table a as select 1 as i; create table t (i int, v text compression pglz);
       insert into t select i, repeat('holdfast ', 120000) from generate_series(1, 1500) i; create table z as select 1 as i`,
    );
  });
  after(async () => {
    await server.stop();
    removeTree(folder);
  });

  const url = (database: string, more = ''): string =>
    `postgres://${server.user}@${server.host}:${server.port}/${database}${more}`;

  /** A backup that must fail while `harm` is done; what it said. */
  async function fails(
    args: readonly string[],
    harm: () => Promise<void> = async () => {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const before = snapshots();
    const [result] = await Promise.all([
      ours.run(['backup', '--no-globals', ...args], { env, expect: 'any' }),
      harm(),
    ]);
    assert.equal(result.status, 1, result.stderr);
    secret(result);
    assert.deepEqual(snapshots(), before, 'there is a snapshot of what did not come whole');
    return result.stderr;
  }

  const snapshots = (): string[] => {
    const kept = join(folder, 'repository', 'snapshots');
    return existsSync(kept) ? readdirSync(kept) : [];
  };

  function secret({ stdout, stderr }: RunResult): void {
    for (const word of [server.password, 'not-the-password']) {
      assert.ok(!`${stdout}${stderr}`.includes(word), 'a password is told');
    }
  }

  /** The process of the server that sends the rows of `t`, once it does. */
  async function sender(): Promise<number> {
    for (;;) {
      const pid = await server.query(
        'postgres',
        `select pid from pg_stat_activity where application_name = 'holdfast' and query like 'COPY public.t %'`,
      );
      if (pid !== '') return Number(pid);
      await pause(20);
    }
  }

  it('with a server whose process is killed in the middle', async () => {
    const said = await fails([url('long')], async () => void process.kill(await sender(), 'SIGKILL'));
    assert.match(said, /pg_dump failed with status 1: .*server closed the connection unexpectedly/);
    // it recovers by itself
    for (;;) {
      const up = await server.query('postgres', 'select 1').catch(() => '');
      if (up !== '') return;
      await pause(50);
    }
  });

  it('with a connection that an administrator ends', async () => {
    const said = await fails([url('long')], async () => {
      await server.query('postgres', `select pg_terminate_backend(${await sender()})`);
    });
    // which of the two libpq has read by then is chance
    assert.match(
      said,
      /pg_dump failed .*(?:due to administrator command|closed the connection unexpectedly)/,
    );
  });

  it('with a server that stalls, and with a lock that is never released', async () => {
    let pid = 0;
    const said = await fails(['--stall-timeout', '2', url('long')], async () => {
      pid = await sender();
      process.kill(pid, 'SIGSTOP');
    });
    process.kill(pid, 'SIGCONT');
    assert.match(said, /pg_dump was stuck: nothing came for 2 seconds\n/);
    let holding: Promise<unknown> | undefined;
    const locked = await fails(['--stall-timeout', '2', url('long')], async () => {
      const holds = `begin; lock table z in access exclusive mode; select pg_sleep(30)`;
      holding = server.query('long', holds).catch(() => undefined);
    });
    assert.match(locked, /(psql|pg_dump) was stuck: nothing came for 2 seconds\nhint: a lock or the server/);
    await server.query(
      'postgres',
      `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(30)'
      and pid <> pg_backend_pid()`,
    );
    await holding;
  });

  it('with a table that is dropped halfway', async () => {
    await server.createDatabase('dropped');
    await server.query('dropped', 'create table here as select 1; create table gone as select 1');
    const go = join(folder, 'go');
    const bin = wrapped(`while [ ! -e ${go} ]; do sleep 0.02; done; exec "$real" "$@"`);
    const said = await fails(
      [url('dropped')],
      async () => {
        while (!existsSync(join(bin, 'dumping'))) await pause(20);
        await server.query(
          'dropped',
          `begin; drop table gone;
           \\! touch ${go}
         do $$ begin
           while not exists (select from pg_locks where not granted) loop perform pg_sleep(0.02); end loop;
         end $$; commit`,
        );
      },
      { HOLDFAST_POSTGRES_BIN: bin },
    );
    assert.match(said, /pg_dump failed .*relation .*(gone|\d+).* does not exist/);
  });

  it('with a pg_dump that is killed, and one that says nothing is wrong and is cut off', async () => {
    const bin = wrapped('exec "$real" "$@"');
    const killed = await fails(
      [url('long')],
      async () => {
        await sender();
        process.kill(Number(readFileSync(join(bin, 'dumping'), 'utf8')), 'SIGKILL');
      },
      { HOLDFAST_POSTGRES_BIN: bin },
    );
    assert.match(killed, /pg_dump was ended by SIGKILL/);
    await server.createDatabase('short');
    await server.query('short', 'create table t as select i from generate_series(1, 10) i');
    for (const [cut, words] of [
      ['head -c 200', /the dump ends before its end/],
      ['head -c -120', /the dump ends before its end/],
      ["sed '/^5$/q'", /the dump ends among the rows of public\.t/],
    ] as const) {
      const bin = wrapped(`"$real" "$@" | ${cut}`);
      const said = await fails([url('short')], undefined, { HOLDFAST_POSTGRES_BIN: bin });
      assert.match(said, words);
    }
  });

  it('with a wrong password, no server, and no database', async () => {
    const wrong = await fails([url('long')], undefined, { PGPASSWORD: 'not-the-password' });
    assert.match(
      wrong,
      /psql failed .*password authentication failed for user "postgres".*\nhint: .*PGPASSWORD/,
    );
    const named = await fails([url('long', '?password_env=SECRET')], undefined, {
      SECRET: 'not-the-password',
    });
    assert.match(named, /password authentication failed/);
    const nobody = await fails([`postgres://postgres@127.0.0.1:${await freePort()}/long`]);
    assert.match(
      nobody,
      /psql failed .*127\.0\.0\.1.* Connection refused\nhint: look at host, port and socket/,
    );
    const absent = await fails([url('no such database')]);
    assert.match(absent, /database "no such database" does not exist\nhint: the name is what stands behind/);
    const unknown = await fails(['postgres://postgres@nowhere.invalid/long']);
    assert.match(unknown, /could not translate host name .*\nhint: look at host, port and socket/);
    const everywhere = await fails([`postgres://postgres@127.0.0.1:${await freePort()}/*`]);
    assert.match(everywhere, /Connection refused/);
  });

  it('with a pg_dump that is older than the server', async () => {
    const old = toolPath('postgres15').replace(/\/postgres$/, '');
    const said = await fails([url('long')], undefined, { HOLDFAST_POSTGRES_BIN: old, PATH: '/usr/bin:/bin' });
    assert.match(said, /the server is PostgreSQL 18, and pg_dump is here in version 15/);
    assert.match(said, /hint: install the package postgresql-client-18/);
  });

  it('leaves a sound repository, and the next run works', async () => {
    await ours.run(['backup', url('short')]);
    await ours.run(['check', '--read-data']);
  });

  /** A folder with programs of which pg_dump, when it is to dump, writes its id down and does as it is told. */
  function wrapped(dumps: string): string {
    const bin = mkdtempSync(join(folder, 'bin-'));
    for (const program of ['psql', 'pg_dumpall']) symlinkSync(join(server.bin, program), join(bin, program));
    const path = join(bin, 'pg_dump');
    writeFileSync(
      path,
      `#!/bin/sh\nreal=${join(server.bin, 'pg_dump')}\nif [ "$1" = --version ]; then exec "$real" "$@"; fi\n` +
        `echo $$ > ${bin}/dumping\n${dumps}\n`,
    );
    chmodSync(path, 0o755);
    return bin;
  }
});
