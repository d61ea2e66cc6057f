/** Runs of jobs with a real PostgreSQL and a real MariaDB, to repositories and archives. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before, suite } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { DatabaseServer } from '../support/database-server.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram } from '../support/program.ts';
import { skipWithout } from '../support/tools.ts';
import { configured, vault } from './configured.ts';

suite('a run with a database', { skip: skipWithout('postgres18') }, () => {
  let postgres: DatabaseServer;
  before(async () => {
    postgres = await startPostgres({ major: 18 });
    await postgres.createDatabase('shop');
    await postgres.query(
      'shop',
      `create table orders (id int primary key, note text);
       insert into orders select i, 'note ' || i from generate_series(1, 2000) i;`,
    );
  });
  after(() => postgres.stop());

  const yaml = (more: string): string => `sources:
  shop: { url: 'postgres://postgres@127.0.0.1:${postgres.port}/shop', password: env:SHOP_PASSWORD }
vaults:
${vault('main')}  plain: { archive: ~/plain, layout: dated }
${more}`;
  const environment = (): Record<string, string> => ({
    SHOP_PASSWORD: postgres.password,
    HOLDFAST_POSTGRES_BIN: postgres.bin,
  });

  test('gives a repository and an archive one state of it', async (t) => {
    const jobs = 'jobs:\n  nightly: { sources: shop, vaults: [main, plain], check: true }\n';
    const user = configured(t, yaml(jobs), environment());
    // rows come and go meanwhile
    let over = false;
    const busy = (async () => {
      while (!over)
        await postgres.query('shop', 'update orders set note = clock_timestamp()::text where id <= 3');
    })();
    const { status, stderr } = await user.jobs('nightly');
    over = true;
    await busy;
    assert.equal(status, 0, stderr);
    const dumped = await user.run([
      '-r',
      'main',
      'dump',
      'latest',
      '--path',
      `/postgres/127.0.0.1_${postgres.port}/shop`,
    ]);
    const [folder = ''] = readdirSync(join(user.home, 'plain')).filter(
      (name) => name !== 'latest' && !name.startsWith('.'),
    );
    const [file = ''] = readdirSync(join(user.home, 'plain', folder)).filter((name) =>
      name.endsWith('.sql.gz'),
    );
    const plain = gunzipSync(readFileSync(join(user.home, 'plain', folder, file))).toString();
    const rowsOf = (sql: string): string[] => sql.split('\n').filter((line) => /^[123]\t/.test(line));
    assert.equal(rowsOf(plain).length, 3);
    assert.deepEqual(rowsOf(dumped.stdout), rowsOf(plain), 'one state of it');
    const psql = await runProgram(
      join(postgres.bin, 'psql'),
      ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'copy'],
      {
        env: await (async () => {
          await postgres.createDatabase('copy');
          return postgres.env;
        })(),
        input: plain,
      },
    );
    assert.equal(psql.status, 0);
    assert.equal(await postgres.query('copy', 'select count(*) from orders'), '2000\n');
  });

  test('makes no snapshot when nothing changed, when that is asked for', async (t) => {
    const user = configured(
      t,
      `sources:
  shop:
    url: 'postgres://postgres@127.0.0.1:${postgres.port}/shop'
    password: env:SHOP_PASSWORD
    skip-if-unchanged: true
  words: { command: 'cat ~/docs/letter.txt', filename: letter.txt, skip-if-unchanged: true }
  always: { command: 'echo the same', filename: always.txt }
vaults:
${vault('main')}
jobs:
  nightly: { sources: [shop, words, always], vaults: main }
`,
      environment(),
    );
    const paths = async (): Promise<string[]> =>
      (await user.snapshots('main')).map((snapshot) => snapshot.paths[0]!.replace(/.*\//, '')).toSorted();
    const first = await user.jobs('nightly');
    assert.equal(first.status, 0, first.stderr);
    const again = await user.jobs('nightly');
    assert.equal(again.status, 0, again.stderr);
    assert.equal(again.stdout.match(/nothing changed, no snapshot/g)?.length, 2, again.stdout);
    assert.deepEqual(await paths(), ['always.txt', 'always.txt', 'letter.txt', 'shop']);
    await postgres.query('shop', 'update orders set note = note || 1 where id = 7');
    await user.jobs('nightly');
    assert.deepEqual(await paths(), ['always.txt', 'always.txt', 'always.txt', 'letter.txt', 'shop', 'shop']);
    // the command line reads the same setting
    const typed = await user.run(['-r', 'main', 'backup', 'source:shop']);
    assert.match(typed.stdout, /skipped creating snapshot/, typed.stderr);
  });

  test('one vault of which fails is whole in the others, and says so', async (t) => {
    const jobs = `  broken: { repository: ~/nowhere, password: file:key }
jobs:
  nightly: { sources: shop, vaults: [broken, main, plain], retention: { last: 3 } }
`;
    const user = configured(t, yaml(jobs), environment());
    const { status, stderr, stdout } = await user.jobs('nightly');
    assert.equal(status, 10, 'the one cause has its status');
    assert.match(stderr, /failed: backup to broken: /);
    assert.match(stdout, /backup shop to main: snapshot/);
    assert.match(stdout, /backup shop to plain: .*\.sql\.gz/);
    assert.equal((await user.run(['-r', 'main', 'check', '--read-data'])).status, 0);
    assert.equal((await user.run(['-r', 'plain', 'check'])).status, 0);
  });

  test('whose vault breaks off midway is whole in the others', async (t) => {
    const jobs = `  full: { archive: ~/full }
jobs:
  nightly: { sources: shop, vaults: [full, main], retention: { last: 3 } }
`;
    const user = configured(t, yaml(jobs), environment());
    // a file stands where the archive wants its folder
    writeFileSync(join(user.home, 'full'), 'in the way');
    const { status, stderr } = await user.jobs('nightly');
    assert.notEqual(status, 0);
    assert.match(stderr, /failed: backup shop to full/);
    assert.equal((await user.snapshots('main')).length, 1);
    assert.equal((await user.run(['-r', 'main', 'check', '--read-data'])).status, 0);
    rmSync(join(user.home, 'full'));
    assert.equal((await user.jobs('nightly')).status, 0);
  });

  test('makes several dumps of one state for two archives', async (t) => {
    const user = configured(
      t,
      yaml(`  local: { archive: ~/local, profile: three }
  stable: { archive: ~/stable, layout: latest, profile: three }
profiles:
  three:
    vaults:
      artefacts:
        - { format: custom }
        - { format: sql, owner: false, privileges: false, clean: true, if-exists: true }
        - { format: sql, mask: rules.d/mask.yaml }
jobs:
  nightly: { sources: shop, vaults: [local, stable, main] }
`),
      environment(),
    );
    const folder = join(user.home, '.config', 'holdfast', 'rules.d');
    mkdirSync(folder);
    writeFileSync(join(folder, 'mask.yaml'), 'columns:\n  "*.note": { fixed: masked }\n');
    const { status, stderr, stdout } = await user.jobs('nightly');
    assert.equal(status, 0, stderr + stdout);
    const stable = readdirSync(join(user.home, 'stable'))
      .filter((name) => !name.startsWith('.'))
      .toSorted();
    assert.deepEqual(
      stable.filter((name) => !name.endsWith('.json')).map((name) => name.replace(/^.*?shop/, 'shop')),
      ['shop.anon.sql.gz', 'shop.dump', 'shop.sql.gz'],
    );
    const masked = gunzipSync(
      readFileSync(
        join(
          user.home,
          'stable',
          stable.find((name) => name.endsWith('.anon.sql.gz'))!,
        ),
      ),
    );
    assert.ok(masked.includes('\tmasked\n') && !masked.includes('note 7'));
    const listed = await runProgram(join(postgres.bin, 'pg_restore'), [
      '--list',
      join(
        user.home,
        'stable',
        stable.find((name) => name.endsWith('.dump'))!,
      ),
    ]);
    assert.match(listed.stdout, /TABLE DATA public orders/);
  });
});

suite('a run with a MariaDB', { skip: skipWithout('mariadb') }, () => {
  let mariadb: DatabaseServer;
  before(async () => {
    mariadb = await startMariadb();
    await mariadb.createDatabase('shop');
    await mariadb.query(
      'shop',
      `create table orders (id int primary key, note text);
       insert into orders values (1, 'one'), (2, 'two');
       create trigger noted before insert on orders for each row set new.note = 'new';
       create procedure p() select 1;
       create user poor@'%' identified by 'poor';
       grant select, lock tables, show view on shop.* to poor@'%';
       create user owner@'%' identified by 'owner';
       grant all on shop.* to owner@'%';
       grant select on mysql.proc to owner@'%'`,
    );
  });
  after(() => mariadb.stop());

  const yaml = (user: string, more = ''): string => `sources:
  shop: { url: 'mysql://${user}@127.0.0.1:${mariadb.port}/shop', password: env:SHOP_PASSWORD }
vaults:
${vault('main')}  plain: { archive: ~/plain }
jobs:
  nightly: { sources: shop, vaults: [main, plain], retention: { last: 1 }${more} }
`;

  test('warns of what a user without rights leaves out, and drills say it too', async (t) => {
    const settings = { SHOP_PASSWORD: 'poor', HOLDFAST_MYSQL_BIN: mariadb.bin };
    const user = configured(t, yaml('poor', ', drill: true'), settings);
    const { status, stdout, stderr } = await user.jobs('nightly');
    assert.equal(status, 3, stdout + stderr);
    for (const name of ['main', 'plain']) {
      assert.match(stderr, new RegExp(`warning: backup shop to ${name}: .*triggers are left out`));
      assert.match(stderr, new RegExp(`warning: backup shop to ${name}: .*events are left out`));
      assert.match(stdout, new RegExp(`drill shop to ${name}: proven.*not in the backup: triggers`));
      assert.match(stdout, new RegExp(`retention shop to ${name}: nothing is removed`));
      const drilled = await user.run(['-r', name, 'drill', 'latest']);
      assert.equal(drilled.status, 0, drilled.stderr);
      assert.match(drilled.stdout, /note: not in the backup: triggers are left out/);
      assert.match(drilled.stdout, /note: not in the backup: events are left out/);
    }
  });

  test('of a user who sees everything has nothing to warn of', async (t) => {
    const settings = { SHOP_PASSWORD: 'owner', HOLDFAST_MYSQL_BIN: mariadb.bin };
    const { status, stderr } = await configured(t, yaml('owner'), settings).jobs('nightly');
    assert.equal(status, 0, stderr);
  });
});
