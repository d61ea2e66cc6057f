/** Databases of MySQL and MariaDB go into a repository and come back the same, on real servers. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { rewriteDatabase } from '../support/database-snapshot.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMysql } from '../support/mysql.ts';
import { runProgram } from '../support/program.ts';
import { type BackupProgram, holdfast, restic } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

/** What is hard to get right in a dump, or to cut apart. */
const difficult = `
  set sql_mode = '', foreign_key_checks = 0;
  create table people (id int auto_increment primary key, name varchar(80), latin varchar(20) character set latin1, doc json,
    flags bit(17), raw blob, fixed binary(4), huge longblob, place geometry, way linestring, born date, at datetime(6),
    stamped timestamp(3) null, t time(2), y year, amount decimal(30, 10), f float, d double, u bigint unsigned,
    e enum('a', 'b''c', 'd\\\\e'), s set('x', 'y "', 'z'), len int generated always as (char_length(name)) stored,
    lower_name varchar(80) generated always as (lower(name)) virtual, unique key (name), fulltext key (latin))
    comment='a comment\\n--\\n-- with; lines';
  insert into people (name, latin, doc, flags, raw, fixed, place, way, born, at, stamped, t, y, amount, f, d, u, e, s) values
    ('Ada \\'\\\\ \\n\\r\\t\\0 "x"', 'caf\\u00e9', '{"a": [1, "\\\\n;"]}', b'10000000000000001', x'00ff0a0d1a5c27', x'0a000000', point(1, -2.5),
      st_geomfromtext('linestring(0 0, 1 1)'), '0000-00-00', '2020-02-03 04:05:06.123456', '2021-01-01 00:00:00.5', '-838:59:58.5', 1999,
      -12345678901234567890.0123456789, 1.5e-30, 1.7976931348623157e308, 18446744073709551615, 'b\\'c', 'x,y "'),
    ('\\ud83d\\ude00);\\nINSERT INTO \`people\` VALUES (1);', null, null, null, '', null, null, null, '2020-00-00', null, null, null, null, null, null, null, 0, '', ''),
    ('--\\n-- Dumping data for table \`people\`\\n--\\n', 'y', 'null', b'0', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  insert into people (name, huge) values ('long', repeat(unhex('00ff27225c0a'), 500000)), ('longer', repeat('x', 70000)), ('zero', '');
  insert into people (id, name) values (0, 'number nought') ;
  create table \`odd \`\`name\`\`.x/%
y\` (\`a b\` int, \`c\`\`)\nd\` int); insert into \`odd \`\`name\`\`.x/%
y\` values (1, 2), (3, null);
  create table a_ring (id int primary key, b int, constraint to_b foreign key (b) references b_ring (id));
  create table b_ring (id int primary key, a int, constraint to_a foreign key (a) references a_ring (id) on delete cascade);
  insert into a_ring values (1, 1); insert into b_ring values (1, 1);
  create table measured (id int, at date not null, v double) partition by range (year(at))
    (partition p0 values less than (2020), partition p1 values less than maxvalue);
  insert into measured values (1, '2019-05-05', 0.1), (2, '2021-01-01', -0.0);
  create table empty_one (id int);
  create table plain_isam (id int) engine = myisam; insert into plain_isam values (1), (2);
  create view seen as select name, len from people where id > 0;
  create view again as select name from seen;
  delimiter //
  create trigger touch before insert on b_ring for each row begin set new.a = new.a + 1; -- ; odd
set @x = 'y
DELIMITER ;
-- Dumping data for table \`zz\`
'; end //
  create procedure many(in n int) begin declare i int default 0; while i < n do set i = i + 1; end while; select '
--
-- Table structure for table \`people\`
--
'; end //
  create function f() returns varchar(20) deterministic return 'it''s' //
  create view a_first as select name from again union select f() //
  create event cleaning on schedule every 1 day starts '2030-01-01 00:00:00' do begin delete from empty_one; end //
  delimiter ;
`;

const start = { MariaDB: startMariadb, MySQL: startMysql };
const dumpProgram = { MariaDB: 'mariadb-dump', MySQL: 'mysqldump' };
const clientProgram = { MariaDB: 'mariadb', MySQL: 'mysql' };

for (const product of ['MariaDB', 'MySQL'] as const) {
  const tool = product === 'MariaDB' ? 'mariadb' : 'mysql9';
  describe(product, { skip: skipWithout(tool, 'mariadb-dump', 'restic'), timeout: 400_000 }, () => {
    let server: DatabaseServer & { readonly defaultsFile: string };
    let folder: string;
    let ours: BackupProgram;
    let theirs: BackupProgram;
    const scheme = product.toLowerCase();
    const env = (): Record<string, string | undefined> => ({
      HOLDFAST_MYSQL_BIN: server.bin,
      HOME: folder,
      TMPDIR: join(folder, 'tmp'),
    });
    const url = (database: string, user = server.user): string =>
      `${scheme}://${user}@${server.host}:${server.port}/${encodeURIComponent(database)}` +
      `?password_file=${encodeURIComponent(join(folder, 'password'))}`;
    const dumpOf = async (database: string): Promise<string> => {
      const args = [`--defaults-file=${server.defaultsFile}`, '--routines', '--events', '--hex-blob'];
      const same = product === 'MySQL' ? ['--set-gtid-purged=OFF'] : [];
      const { stdout } = await runProgram(join(server.bin, dumpProgram[product]), [
        ...[...args, ...same, '--skip-dump-date', '--default-character-set=utf8mb4', database],
      ]);
      return stdout.replaceAll(/^-- (Host: .*|Dumping (?:events|routines) for database .*)$/gm, '--');
    };

    before(async () => {
      server = await start[product]();
      folder = mkdtempSync(join(tmpdir(), 'holdfast-my-'));
      mkdirSync(join(folder, 'tmp'));
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

    if (product === 'MariaDB') {
      it('says that the history of rows is not stored', async () => {
        await server.createDatabase('history');
        const price = 'create table price (v int) with system versioning; insert into price values (1)';
        await server.query('history', price);
        const { stderr } = await ours.run(['backup', url('history')], { env: env() });
        assert.match(stderr, /stored without the history of their rows: price\n/);
      });
    }

    if (product === 'MariaDB') {
      it('lets a copy under another name draw from sequences of its own', async () => {
        await server.createDatabase('numbers');
        await server.query(
          'numbers',
          'create sequence s start with 5; create table t (id int default nextval(s), v int); insert into t (v) values (1)',
        );
        await ours.run(['backup', url('numbers')], { env: env() });
        await server.query('numbers', 'drop table t; drop sequence s');
        await ours.run(['restore', 'latest', '--to', url('other numbers'), '--create'], { env: env() });
        const rows = await server.query('other numbers', 'insert into t (v) values (2); select id, v from t');
        assert.match(rows, /^5\t1\n\d+\t2\n$/);
      });
    }

    it('comes back the same, by ourselves and by the client alone', async () => {
      await server.createDatabase('shop');
      await server.query('shop', difficult);
      const made = await ours.run(['backup', url('shop')], { env: env() });
      assert.match(made.stderr, /their engines know no transactions: plain_isam \(MyISAM\)/);
      const first = await dumpOf('shop');

      const told = await ours.run(['restore', 'latest', '--to', url('by holdfast'), '--create'], {
        env: env(),
      });
      assert.match(told.stdout, /restored 7 tables with 15 rows into by holdfast/);
      assert.equal(await dumpOf('by holdfast'), first);

      await theirs.run(['restore', 'latest', '--target', join(folder, 'files')]);
      await server.createDatabase('by client');
      const parts = join(folder, 'files', scheme, `${server.host}_${server.port}`, 'shop');
      const client = `${join(server.bin, clientProgram[product])} --defaults-file=${server.defaultsFile}`;
      const script = `cat ${parts}/[0-9]*.sql | ${client} --binary-mode --max-allowed-packet=1G 'by client'`;
      await runProgram('sh', ['-c', script]);
      assert.equal(await dumpOf('by client'), first);

      const written = await ours.run(['dump', 'latest']);
      await server.createDatabase('by dump');
      await runProgram('sh', ['-c', `${client} --binary-mode --max-allowed-packet=1G 'by dump'`], {
        input: written.bytes,
      });
      assert.equal(await dumpOf('by dump'), first);
      await theirs.run(['check', '--read-data']);
      assert.deepEqual(leftOptionFiles(), []);
    });

    it('takes an empty database, and one whose name begins like another', async () => {
      for (const name of ['night', 'night_archive', 'Night']) await server.createDatabase(name);
      await server.query('night_archive', 'create table old (a int)');
      await server.query('Night', 'create table upper_case (a int)');
      const empty = await evidenceOf('night');
      assert.deepEqual(empty.tables, []);
      assert.deepEqual(
        (await evidenceOf('night_archive')).tables.map(({ name }) => name),
        ['old'],
      );
      assert.deepEqual(
        (await evidenceOf('Night')).tables.map(({ name }) => name),
        ['upper_case'],
      );
      await ours.run(['restore', 'latest', '--to', url('a new night'), '--create'], { env: env() });
      assert.match(await dumpOf('a new night'), /upper_case/);
    });

    it('tells the same of the same rows, and stores what changed alone', async () => {
      await server.createDatabase('rows');
      await server.query(
        'rows',
        `create table digits (d int); insert into digits values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
        create table t (i int, h varchar(200), primary key (i));
        insert into t select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * g.d,
          repeat(sha2(a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * g.d, 256), 2)
          from digits a, digits b, digits c, digits e, digits g where g.d < 4`,
      );
      const first = await evidenceOf('rows');
      assert.deepEqual(
        first.tables.map(({ rows }) => rows),
        [10, 40_000],
      );
      assert.equal(await added('rows'), 0, 'blocks of an unchanged database');
      await server.query('rows', 'delete from t where i = 20000');
      const changed = await added('rows');
      assert.ok(changed >= 1 && changed <= 6, `${changed} blocks for one row`);
      await server.query('rows', 'insert into t select 20000, repeat(sha2(20000, 256), 2)');
      const back = await evidenceOf('rows');
      assert.deepEqual(back.tables, first.tables);
      await server.query(
        'rows',
        'alter table t drop primary key; update t set i = i where i > 0; alter table t order by h',
      );
      const turned = await evidenceOf('rows');
      assert.equal(turned.tables[1]?.checksum, first.tables[1]?.checksum, 'the order of rows has no say');
    });

    it('takes the tables that are wanted, with their rows or without', async () => {
      const tables = async (...flags: string[]): Promise<string[]> =>
        (await evidenceOf('shop', ...flags)).tables.map(({ name }) => name);
      assert.deepEqual(await tables('--table', '*_ring', '--exclude-table', 'b*'), ['a_ring']);
      const written = (await ours.run(['dump', 'latest'])).stdout;
      assert.match(written, /CREATE TABLE `a_ring`/);
      assert.doesNotMatch(written, /CREATE TABLE `b_ring`|PROCEDURE|CREATE VIEW/);
      const without = await tables('--exclude-table-data', 'peo*');
      assert.ok(!without.includes('people') && without.includes('measured'));
      assert.match((await ours.run(['dump', 'latest'])).stdout, /CREATE TABLE `people`/);
      const idle = await ours.run(['backup', url('shop'), '--table', 'nothing'], { env: env(), expect: 1 });
      assert.match(idle.stderr, /nothing in the database matches --table nothing/);
      for (const flags of [
        ['--table', 'people', '--exclude-table', 'p*'],
        ['--exclude-table', '*'],
      ]) {
        const none = await ours.run(['backup', url('shop'), ...flags], { env: env(), expect: 1 });
        assert.match(none.stderr, /: no table of the database is left to back up\nhint: /);
      }
    });

    it('makes no snapshot of what does not come whole, and says why without the password', async () => {
      const count = async (): Promise<number> => ((await ours.json(['snapshots'])) as unknown[]).length;
      const before = await count();
      const missing = await ours.run(['backup', url('no such database')], { env: env(), expect: 1 });
      assert.match(
        missing.stderr,
        /Unknown database 'no such database'\nhint: the name is what stands behind the last slash/,
      );
      await server.query(
        'mysql',
        "create user poor@'%' identified by 'holdfast-test-secret'; grant insert on shop.people to poor@'%'",
      );
      const refused = await ours.run(['backup', url('shop', 'poor')], { env: env(), expect: 1 });
      assert.match(refused.stderr, /failed with status \d+: .*denied/i);
      const wrong = await ours.run(
        ['backup', url('shop').replace(/password_file=.*/, 'password_env=WRONG')],
        {
          env: { ...env(), WRONG: 'wrong-secret' },
          expect: 1,
        },
      );
      assert.match(
        wrong.stderr,
        /Access denied for user 'root'.*\nhint: look at user and password; .*MYSQL_PWD/,
      );
      const nobody = await ours.run(['backup', `${scheme}://root@127.0.0.1:1/shop`], {
        env: env(),
        expect: 1,
      });
      assert.match(nobody.stderr, /Can't connect.*\nhint: look at host, port and socket/);
      const unknown = await ours.run(['backup', `${scheme}://root@nowhere.invalid/*`], {
        env: env(),
        expect: 1,
      });
      assert.match(unknown.stderr, /nowhere\.invalid.*\nhint: look at host, port and socket/);
      const inUrl = await ours.run(['backup', `${scheme}://a:hidden@h/d`], { expect: 1 });
      assert.match(inUrl.stderr, /a password in a URL can be seen/);
      for (const { stdout, stderr } of [missing, refused, wrong, nobody, inUrl]) {
        assert.doesNotMatch(stdout + stderr, new RegExp(`${server.password}|hidden|wrong-secret`));
      }
      assert.equal(await count(), before);
      assert.deepEqual(leftOptionFiles(), []);
    });

    it('restores into empty databases alone unless told otherwise, and stops at the first error', async () => {
      await evidenceOf('shop');
      await server.createDatabase('full');
      await server.query('full', 'create table mine as select 1 as kept; create view v as select 1');
      const to = ['restore', 'latest', '--to', url('full')];
      const refused = await ours.run(to, { env: env(), expect: 1 });
      assert.match(refused.stderr, /the database full is not empty/);
      const asked = await ours.run([...to, '--clean'], { env: env(), expect: 1 });
      assert.match(asked.stderr + asked.stdout, /mine/);
      assert.equal(await server.query('full', 'select kept from mine'), '1\n');
      await ours.run([...to, '--clean', '--yes'], { env: env() });
      assert.equal(await dumpOf('full'), await dumpOf('shop'));
      await ours.run([...to, '--clean', '--create', '--yes'], { env: env() });
      assert.equal(await dumpOf('full'), await dumpOf('shop'));
      const absent = await ours.run(['restore', 'latest', '--to', url('absent')], { env: env(), expect: 1 });
      assert.match(absent.stderr, /there is no database absent/);
      const table = ['restore', 'latest', '--table', 'people', '--to', url('absent')];
      const noPlace = await ours.run(table, { env: env(), expect: 1 });
      assert.match(noPlace.stderr, /there is no database absent\nhint: make it first/);
      const created = await ours.run([...table, '--create'], { env: env(), expect: 1 });
      assert.match(created.stderr, /--create is for a whole database, not for tables of it\nhint: /);
    });

    it('takes away again the database that it made when the restore fails', async () => {
      await server.createDatabase('broken');
      await server.query('broken', 'create table t (id int); insert into t values (1)');
      await evidenceOf('broken');
      const path = `/${scheme}/${server.host}_${server.port}/broken`;
      await rewriteDatabase(join(folder, 'repository'), path, (name, text) =>
        name.startsWith('2-') ? text.replace('INSERT INTO ', 'no statement') : text,
      );
      const to = ['restore', 'latest', '--path', path, '--to'];
      const failed = await ours.run([...to, url('half'), '--create'], { env: env(), expect: 1 });
      assert.match(failed.stderr, /no statement.*; the new database half was removed again/s);
      assert.equal(await server.query('mysql', `show databases like 'half'`), '');
      // what was there before stays, with what came into it
      await server.createDatabase('mine');
      const inside = await ours.run([...to, url('mine')], { env: env(), expect: 1 });
      assert.match(inside.stderr, /the database mine is left with a part of the restore/);
      assert.equal(await server.query('mine', 'show tables'), 't\n');
    });

    it('restores one table, under another name if wanted', async () => {
      await evidenceOf('shop');
      await server.createDatabase('single');
      const to = ['restore', 'latest', '--to', url('single'), '--table'];
      await ours.run([...to, 'people'], { env: env() });
      await ours.run([...to, 'people="people ""again"""'], { env: env() });
      await ours.run([...to, 'a_ring', '--table', 'a_ring=other_ring'], { env: env() });
      const sums = await server.query('single', 'checksum table people, `people "again"`');
      const [one, other] = sums.split('\n').map((line) => line.split('\t')[1]);
      assert.equal(one, other);
      assert.equal(await server.query('single', 'select count(*) from `people "again"`'), '7\n');
      assert.equal(await server.query('single', 'select count(*) from other_ring'), '1\n');
      const again = await ours.run([...to, 'people'], { env: env(), expect: 1 });
      assert.match(again.stderr, /there is a table people already/);
      await ours.run([...to, 'people', '--clean', '--yes'], { env: env() });
      const none = await ours.run([...to, 'nothing'], { env: env(), expect: 1 });
      assert.match(none.stderr, /the snapshot has no table nothing/);

      const shop = `/${scheme}/${server.host}_${server.port}/shop`;
      await server.createDatabase('taken out');
      const dumped = await ours.run(
        ['dump', 'latest', '--path', shop, '--table', 'people=p', '--table', 'a_ring'],
        { env: env() },
      );
      await server.query('taken out', dumped.stdout);
      const copied = await server.query('taken out', 'checksum table p; select count(*) from a_ring');
      assert.equal(copied, `taken out.p\t${one}\n1\n`);
      const unknown = await ours.run(['dump', 'latest', '--path', shop, '--table', 'nothing'], {
        env: env(),
        expect: 1,
      });
      assert.match(unknown.stderr, /the snapshot has no table nothing/);
    });

    it('takes users along, and lets others define what is restored', async () => {
      await server.query(
        'mysql',
        `create user clerk@'10.%' identified by 'holdfast-test-secret'; create role reader;
        grant select on shop.* to reader; grant reader to clerk@'10.%'; grant all on *.* to clerk@'10.%'`,
      );
      const grants = async (): Promise<string> => server.query('mysql', `show grants for clerk@'10.%'`);
      const before = await grants();
      await evidenceOf('shop');
      await server.query('mysql', `drop user clerk@'10.%'; drop role reader`);
      const to = ['restore', 'latest', '--create', '--to'];
      await ours.run([...to, url('of clerk'), '--with-roles', '--owner', 'clerk@10.%'], { env: env() });
      assert.equal(await grants(), before);
      const definers = `select distinct definer from information_schema.views where table_schema = 'of clerk'
        union select definer from information_schema.routines where routine_schema = 'of clerk'
        union select definer from information_schema.triggers where trigger_schema = 'of clerk'
        union select definer from information_schema.events where event_schema = 'of clerk'`;
      assert.equal(await server.query('mysql', definers), 'clerk@10.%\n');
      await ours.run([...to, url('of root'), '--no-owner'], { env: env() });
      assert.equal(
        await server.query('mysql', definers.replaceAll('of clerk', 'of root')),
        'root@localhost\n',
      );
    });

    it('takes all databases of a server, each into its own snapshot', async () => {
      const all = ['backup', url('shop').replace('/shop?', '/*?'), '--database', 'n*', '--database', 'N*'];
      await ours.run([...all, '--exclude-database', '*archive'], { env: env() });
      const snapshots = (await ours.json(['snapshots', '--latest', '2'])) as { paths: string[] }[];
      const paths = snapshots.flatMap((snapshot) => snapshot.paths).filter((path) => /\/night$/i.test(path));
      assert.deepEqual(
        new Set(paths),
        new Set(['night', 'Night'].map((name) => `/${scheme}/${server.host}_${server.port}/${name}`)),
      );
    });

    it('lets no option file change what is stored, or what a restore does', async () => {
      const home = join(folder, 'home of options');
      mkdirSync(home);
      const options = [
        ...['where=1=0', 'databases', 'replace', 'insert-ignore', 'no-create-info', 'xml', `tab=${home}`],
        ...[
          'complete-insert',
          'skip-extended-insert',
          'compatible=no_field_options',
          'system=all',
          'compact',
        ],
      ];
      const client = ['force', 'vertical', 'verbose', 'xml', 'html', 'execute=select 1', 'one-database'];
      const login = `user=${server.user}\npassword=${server.password}`;
      writeFileSync(
        join(home, '.my.cnf'),
        `[client]\n${login}\n[mysqldump]\n${options.join('\n')}\n[mysql]\n${client.join('\n')}\n`,
        { mode: 0o600 },
      );
      const from = `${scheme}://${server.host}:${server.port}/rows`;
      await ours.run(['backup', url('rows')], { env: env() });
      const plain = (await ours.run(['dump', 'latest'])).stdout;
      for (const source of [from, url('rows')]) {
        await ours.run(['backup', source], { env: { ...env(), HOME: home } });
        assert.equal((await ours.run(['dump', 'latest'])).stdout, plain);
      }
      assert.deepEqual(
        readdirSync(home).filter((name) => !name.startsWith('.')),
        [],
        'what --tab would write',
      );
      const taken = { env: { ...env(), HOME: home } };
      await ours.run(['restore', 'latest', '--to', url('with options'), '--create'], taken);
      assert.equal(await dumpOf('with options'), await dumpOf('rows'));
    });

    it('has passwords of any letters', async () => {
      const hard = `a"b\\c'd#e;f g=[h] é`;
      await server.query(
        'mysql',
        `create user hard@'%' identified by '${hard.replaceAll(/[\\']/g, '\\$&')}'; grant all on *.* to hard@'%'`,
      );
      await ours.run(['backup', url('rows', 'hard').replace(/password_file=.*/, 'password_env=HARD')], {
        env: { ...env(), HARD: hard },
      });
    });

    it('says what the user may not see', async () => {
      await server.query(
        'mysql',
        `create user blind@'%' identified by 'holdfast-test-secret'; grant select, show view on shop.* to blind@'%'`,
      );
      // MariaDB looks into views, and this one wants a function
      const { stderr } = await ours.run(['backup', url('shop', 'blind'), '--exclude-table', 'a_first'], {
        env: env(),
      });
      assert.match(stderr, /triggers are left out: the user lacks the right TRIGGER/);
      assert.match(stderr, /functions and procedures may be left out: the user lacks the right S/);
      assert.match(stderr, /events are left out: the user lacks the right EVENT/);
      assert.doesNotMatch(stderr, /tables may be left out/);
      await server.query(
        'mysql',
        `create user narrow@'%' identified by 'holdfast-test-secret'; grant select on shop.people to narrow@'%'`,
      );
      const narrow = await ours.run(['backup', url('shop', 'narrow')], { env: env() });
      assert.match(narrow.stderr, /tables may be left out: the user lacks the right SELECT on the database/);
      const named = await ours.run(['backup', url('shop', 'narrow'), '--table', 'people'], { env: env() });
      assert.match(named.stderr, /triggers are left out/);
      assert.doesNotMatch(named.stderr, /(tables|procedures) may be left out|events are left out/);
      assert.match(
        stderr,
        /users and grants are left out: [\w-]+ failed with status \d: [^\n]*denied [^\n]*\n/,
      );
      const stuck = server.query('shop', 'lock tables people write; select sleep(12)');
      const slow = await ours.run(['backup', url('shop'), '--stall-timeout', '3'], { env: env(), expect: 1 });
      assert.match(slow.stderr, /was stuck: nothing came for 3 seconds/);
      await stuck;
    });

    it('gives up when the server is killed in the middle', async () => {
      const before = ((await ours.json(['snapshots'])) as unknown[]).length;
      const rest = { env: env(), expect: 'any' } as const;
      const path = `/${scheme}/${server.host}_${server.port}/rows`;
      const restoring = ours.run(
        ['restore', 'latest', '--path', path, '--to', url('dying'), '--create'],
        rest,
      );
      const isThere = `select count(*) from information_schema.tables where table_schema = 'dying' and table_name = 't'`;
      while ((await server.query('mysql', isThere)) === '0\n');
      const running = ours.run(['backup', url('rows')], rest);
      await server.kill();
      const restored = await restoring;
      assert.equal(restored.status, 1, restored.stdout);
      assert.match(
        restored.stderr,
        /failed with status .*; the database dying is left with a part of the restore/,
      );
      const { status, stderr } = await running;
      assert.equal(status, 1);
      assert.match(stderr, /failed with status/);
      assert.equal(((await ours.json(['snapshots'])) as unknown[]).length, before);
      assert.deepEqual(leftOptionFiles(), []);
    });

    interface Seen {
      tables: { name: string; rows: number; checksum: string }[];
    }

    async function evidenceOf(database: string, ...flags: string[]): Promise<Seen> {
      await ours.run(['backup', url(database), ...flags], { env: env() });
      const path = `/${scheme}/${server.host}_${server.port}/${database}/evidence.json`;
      return JSON.parse((await ours.run(['dump', 'latest', path])).stdout) as Seen;
    }

    async function added(database: string): Promise<number> {
      const { stdout } = await ours.run(['backup', url(database), '--json'], { env: env() });
      return (JSON.parse(stdout.trim().split('\n').at(-1)!) as { data_blobs: number }).data_blobs;
    }

    function leftOptionFiles(): string[] {
      return readdirSync(join(folder, 'tmp')).filter((name) => name.startsWith('holdfast-'));
    }
  });
}
