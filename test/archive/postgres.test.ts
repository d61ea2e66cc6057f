/** PostgreSQL in archives: stock programs open what is written, and what others wrote is restored, checked and drilled. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { DatabaseServer } from '../support/database-server.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram, type RunOptions, type RunResult } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const shop = `
  create table orders (id int generated always as identity primary key, note text unique, raw bytea);
  insert into orders (note, raw) select E'n\\\\.\\n' || i, decode(md5(i::text), 'hex') from generate_series(1, 2000) i;
  create schema side;
  create table side.empty ();
  create view small as select * from orders where id < 10;
  create function f(a int) returns text language sql as $f$ select 'x;'::text $f$;
`;
const sums = `select count(*), sum(hashtext(note || raw::text)) from orders`;

describe('PostgreSQL in archives', { skip: skipWithout('postgres15'), timeout: 240_000 }, () => {
  let server: DatabaseServer;
  let folder: string;
  let expected: string;
  let count = 0;

  before(async () => {
    server = await startPostgres({ major: 15 });
    folder = mkdtempSync(join(tmpdir(), 'holdfast-archive-'));
    await server.createDatabase('shop');
    await server.query('shop', shop);
    expected = await server.query('shop', sums);
  });
  after(async () => {
    await server.stop();
    removeTree(folder);
  });

  const url = (database: string): string =>
    `postgres://${server.user}@${server.host}:${server.port}/${database}?password_env=SHOP_PASSWORD`;
  const run = (archive: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    holdfast({ repository: `archive:${join(folder, archive)}`, password: '' }).run(args, {
      ...options,
      env: {
        XDG_DATA_HOME: folder,
        HOLDFAST_POSTGRES_BIN: server.bin,
        SHOP_PASSWORD: server.password,
        ...options.env,
      },
    });
  const files = (archive: string): string[] =>
    readdirSync(join(folder, archive), { recursive: true, encoding: 'utf8' })
      .filter((name) => /^(?!\.|latest).*\.(?:gz|zst|dump|sql|tar)$/.test(name))
      .toSorted();
  const newDatabase = async (): Promise<string> => {
    const name = `copy_${++count}`;
    await server.createDatabase(name);
    return name;
  };

  it('psql takes a .sql.gz, pg_restore a .dump', async () => {
    await run('stock', ['backup', '--layout', 'daily', url('shop')]);
    await run('stock', ['backup', '--encode', 'none', '--format', 'custom', url('shop')]);
    const [plain, custom] = files('stock').toSorted((a, b) =>
      a.endsWith('.gz') ? -1 : b.endsWith('.gz') ? 1 : 0,
    );
    assert.match(plain!, /^(\d{4}-\d\d-\d\d)\/127\.0\.0\.1_\d+-shop_\1_\d\d-\d\d-\d\d\.sql\.gz$/);
    const first = await newDatabase();
    await runProgram(
      'sh',
      ['-c', 'zcat "$1" | psql -q -X -v ON_ERROR_STOP=1 "$2"', '-', join(folder, 'stock', plain!), first],
      {
        env: server.env,
      },
    );
    assert.equal(await server.query(first, sums), expected);
    const second = await newDatabase();
    await runProgram(join(server.bin, 'pg_restore'), ['-e', '-d', second, join(folder, 'stock', custom!)], {
      env: server.env,
    });
    assert.equal(await server.query(second, sums), expected);
  });

  it('what is restored and drilled is what was backed up, whatever its form', async () => {
    for (const [name, flags] of [
      ['sql', ['--layout', 'rolling', '--encode', 'zstd']],
      ['custom', ['--format', 'custom']],
    ] as const) {
      await run(name, ['backup', ...flags, url('shop')]);
      const database = await newDatabase();
      await run(name, ['restore', 'latest', '--to', url(database)]);
      assert.equal(await server.query(database, sums), expected);
      const drilled = JSON.parse((await run(name, ['drill', 'latest', '--json'])).stdout) as Record<
        string,
        unknown
      >;
      assert.equal(drilled['result'], 'proven', JSON.stringify(drilled));
      assert.equal(drilled['proof'], 'compared');
      assert.equal((drilled['compared'] as Record<string, number>)['rows'], 2000);
    }
    await run('sql', ['restore', 'latest', '--to', url('shop'), '--table', 'public.orders=orders_before']);
    assert.equal(await server.query('shop', 'select count(*) from orders_before'), '2000\n');
    await server.query('shop', 'drop table orders_before');
  });

  it('tables that changed are named', async () => {
    await run('diff', ['backup', url('shop')]);
    await server.query('shop', 'create table fresh (id int)');
    await run('diff', ['backup', url('shop')]);
    await server.query('shop', 'drop table fresh');
    const { stdout } = await run('diff', ['diff', 'latest~1', 'latest']);
    assert.equal(stdout, '+    public.fresh: nothing before, 0 rows now\n1 change\n');
  });

  it('folders of backup-container are read as they are', async () => {
    const own = join(folder, 'container');
    const dump = async (database: string, day: string): Promise<void> => {
      const { bytes } = await runProgram(join(server.bin, 'pg_dump'), ['shop'], { env: server.env });
      mkdirSync(join(own, 'daily', day), { recursive: true });
      writeFileSync(join(own, 'daily', day, `db-${database}_${day}_01-00-00.sql.gz`), gzipSync(bytes));
    };
    for (const day of ['2026-01-01', '2026-01-02', '2026-01-03']) {
      await dump('app', day);
      await dump('app_archive', day);
    }
    writeFileSync(join(own, 'daily/2026-01-03/db-app_2026-01-03_02-00-00.sql.gz.in_progress'), 'half');
    const listed = JSON.parse((await run('container', ['snapshots', '--json'])).stdout) as {
      name: string;
      tier: string;
    }[];
    assert.equal(listed.length, 6);
    assert.ok(listed.every(({ tier }) => tier === 'daily'));
    const [latest] = JSON.parse(
      (await run('container', ['snapshots', '--json', '--path', 'db-app', '--latest', '1'])).stdout,
    ) as { name: string }[];
    assert.equal(latest!.name, 'db-app_2026-01-03_01-00-00');
    await run('container', ['check']);
    const database = await newDatabase();
    await run('container', ['restore', 'latest', '--path', 'db-app', '--to', url(database)]);
    assert.equal(await server.query(database, sums), expected);
    const drilled = JSON.parse((await run('container', ['drill', 'latest', '--json'])).stdout) as Record<
      string,
      unknown
    >;
    assert.deepEqual([drilled['result'], drilled['proof']], ['proven', 'restored']);
    assert.deepEqual(drilled['compared'], { tables: 2 });
    assert.match(readFileSync(String(drilled['text']), 'utf8'), /^RESTORED: /m);
    assert.match((await run('container', ['drill', 'latest'])).stdout, /^restored: it can be restored, and/m);

    const forget = ['forget', '--keep-daily', '1', '--path', 'db-app'];
    const dry = await run('container', [...forget, '--dry-run']);
    assert.match(dry.stdout, /would remove 2 snapshots/);
    assert.equal(files('container').length, 6);
    await run('container', forget);
    assert.deepEqual(
      files('container').filter((name) => name.includes('db-app_2')),
      ['daily/2026-01-03/db-app_2026-01-03_01-00-00.sql.gz'],
    );
    assert.equal(files('container').filter((name) => name.includes('app_archive')).length, 3);

    const cut = join(own, 'daily/2026-01-03/db-app_2026-01-03_01-00-00.sql.gz');
    const half = (await runProgram('zcat', [cut])).bytes.subarray(0, 5000);
    writeFileSync(cut, gzipSync(half));
    const damaged = await run('container', ['check'], { expect: 1 });
    assert.match(damaged.stderr, /db-app_2026-01-03_01-00-00\.sql\.gz: the dump ends before its end/);
    const refused = await run(
      'container',
      ['restore', 'latest', '--path', 'db-app', '--to', url(await newDatabase())],
      {
        expect: 1,
      },
    );
    assert.match(refused.stderr, /the dump ends/);
    await run('container', ['drill', 'latest', '--path', 'db-app'], { expect: 20 });
  });

  it('roles that stand before a dump are made where they are missing', async () => {
    await server.query('shop', 'create role ada; create table hers (id int); alter table hers owner to ada');
    const roles = await runProgram(join(server.bin, 'pg_dumpall'), ['--roles-only'], { env: server.env });
    const dump = await runProgram(join(server.bin, 'pg_dump'), ['shop'], { env: server.env });
    await server.query('shop', 'drop table hers; drop role ada');
    const day = join(folder, 'roles/2026-01-02');
    mkdirSync(day, { recursive: true });
    writeFileSync(
      join(day, 'db-shop_2026-01-02_01-00-00.sql.gz'),
      gzipSync(Buffer.concat([roles.bytes, dump.bytes])),
    );
    const database = await newDatabase();
    await run('roles', ['restore', 'latest', '--to', url(database)]);
    assert.equal(await server.query(database, sums), expected);
    assert.equal(
      await server.query(database, `select tableowner from pg_tables where tablename = 'hers'`),
      'ada\n',
    );
    await server.query(database, 'drop table hers');
    await server.query('postgres', 'drop role ada');
  });

  it('roles that the server lacks are named before anything is written', async () => {
    await server.query('shop', 'create role eve; create table hers (id int); alter table hers owner to eve');
    await run('no-roles', ['backup', url('shop')]);
    await server.query('shop', 'drop table hers; drop role eve');
    const database = await newDatabase();
    const restore = ['restore', 'latest', '--to', url(database)];
    const { stderr } = await run('no-roles', restore, { expect: 1 });
    assert.match(stderr, /the role eve is missing on the server/);
    assert.match(stderr, /make them first; --owner ROLE or --no-owner and --no-privileges go without them/);
    const tables = `select count(*) from pg_tables where schemaname = 'public'`;
    assert.equal(await server.query(database, tables), '0\n');
    await run('no-roles', [...restore, '--no-owner', '--no-privileges']);
    assert.equal(await server.query(database, sums), expected);
  });

  it('a dump that ends early leaves nothing, and removes nothing', async () => {
    await run('early', ['backup', '--layout', 'daily', url('shop')]);
    const bin = mkdtempSync(join(folder, 'bin-'));
    for (const program of readdirSync(server.bin)) {
      const real = join(server.bin, program);
      const cut = program === 'pg_dump' ? ' | head -c 20000' : '';
      writeFileSync(
        join(bin, program),
        `#!/bin/sh\ncase "$*" in *--version*) exec ${real} "$@";; esac\n${real} "$@"${cut}\n`,
      );
      chmodSync(join(bin, program), 0o755);
    }
    const kept = files('early');
    const failed = await run('early', ['backup', url('shop')], {
      expect: 1,
      env: { HOLDFAST_POSTGRES_BIN: bin },
    });
    assert.match(failed.stderr, /^holdfast: the dump ends/);
    assert.deepEqual(files('early'), kept);
  });

  it('damage is told, by file', async () => {
    await run('damage', ['backup', '--layout', 'daily', url('shop')]);
    await run('damage', ['check']);
    const [name] = files('damage');
    const path = join(folder, 'damage', name!);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    rmSync(path);
    writeFileSync(path, bytes);
    const { stderr } = await run('damage', ['check'], { expect: 1 });
    assert.ok(stderr.includes(name!), stderr);
    await run('damage', ['restore', 'latest', '--to', url(await newDatabase())], { expect: 1 });
    assert.equal(
      await server.query(`copy_${count}`, "select count(*) from pg_class where relname = 'orders'"),
      '0\n',
    );
  });
});
