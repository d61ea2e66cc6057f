/** Drills of snapshots of MySQL and MariaDB: sound ones are proven, bad ones noticed, and nothing stays behind or is touched. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { type Drills, endsSoon, makeDrills } from '../support/drills.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMysql } from '../support/mysql.ts';
import { skipWithout } from '../support/tools.ts';

const content = `
  create table customer (id int auto_increment primary key, name varchar(50) not null unique, doc json);
  insert into customer (name, doc) values ('a', '{"x": 1}'), ('b', null), ('it''s "c"\\n', null);
  create table orders (id int primary key, customer int, foreign key (customer) references customer (id));
  insert into orders values (1, 1), (2, 3);
  create user if not exists app@'%';
  create definer = app@'%' view names as select name from customer;
  create trigger odd before insert on orders for each row set new.id = new.id + 1;
  create procedure twice(n int) select 2 * n;
  create event clean on schedule every 1 second do delete from orders;
`;

const cases = [
  { kind: 'mariadb', tool: 'mariadb', start: startMariadb, version: /MariaDB 10\.11\./ },
  { kind: 'mysql', tool: 'mysql9', start: startMysql, version: /MySQL 9\./ },
] as const;

for (const { kind, tool, start, version } of cases) {
  describe(kind, { skip: skipWithout(tool), timeout: 600_000 }, () => {
    let server: DatabaseServer;
    let drills: Drills;
    let path: string;

    before(async () => {
      server = await start({ settings: { 'event-scheduler': 'OFF' } });
      drills = await makeDrills(tool, { HOLDFAST_MYSQL_BIN: server.bin, SECRET: server.password });
      await server.createDatabase('shop');
      await server.query('shop', content);
      const url = `${kind}://${server.user}@${server.host}:${server.port}/shop?password_env=SECRET`;
      await drills.run(['backup', url]);
      path = `/${kind}/${server.host}_${server.port}/shop`;
    });
    after(async () => {
      await server.stop();
      drills.remove();
    });

    it('proves a sound snapshot, whatever the environment says of servers', async () => {
      const queries = join(drills.folder, 'queries.sql');
      writeFileSync(queries, '-- expect: 3\nselect count(*) from names;\n\n-- expect: 4\ncall twice(2)\n');
      const { stdout } = await drills.run(['drill', 'latest', '--queries', queries], {
        env: {
          MYSQL_HOST: '192.0.2.1',
          MYSQL_TCP_PORT: '1',
          MYSQL_UNIX_PORT: '/no',
          MYSQL_PWD: 'no',
          MYSQL_HOME: '/no',
        },
      });
      assert.match(stdout, /note: users app@%: made up for the drill\n/);
      assert.match(stdout, /compared 2 tables, 5 rows, 7 objects, /);
      assert.match(stdout, version);
      assert.match(stdout, /\nproven: /);
    });

    it('proves a dump in an archive word by word', async () => {
      await server.createDatabase('whole');
      await server.query(
        'whole',
        `${content}
         create view quoted as select 'a\n(b;\nINSERT INTO x' as said, name from customer;
         create trigger even after insert on orders for each row insert into customer (name) values (new.id);
         delimiter //
         create procedure several()\nbegin\nINSERT INTO customer (name)\nVALUES\n('x');\nselect 1;\nend//`,
      );
      const url = `${kind}://${server.user}@${server.host}:${server.port}/whole?password_env=SECRET`;
      const env = { HOLDFAST_REPOSITORY: `archive:${join(drills.folder, 'archive')}` };
      await drills.run(['backup', url], { env });
      const { stdout } = await drills.run(['drill', 'latest'], { env });
      assert.match(stdout, /compared 2 tables, 5 rows, 11 objects, /);
      assert.doesNotMatch(stdout, /note: definitions/);
      assert.match(stdout, /\nproven: /);
    });

    it('proves a masked snapshot, whose columns may leave spaces out', async () => {
      await server.createDatabase('masked');
      await server.query(
        'masked',
        `create table person (id int primary key, code char(6) not null, name char(40), note char(12));
         insert into person values (1, 'ab c', 'Ada Byron', 'x  y'), (2, 'É', 'Élan  Vital', ''), (3, '', null, '  ')`,
      );
      const rules = join(drills.folder, 'rules.yaml');
      writeFileSync(
        rules,
        `key: env:KEY\ncolumns: { code: pseudonym, name: name, note: { fixed: 'left out  ' } }\n`,
      );
      const url = `${kind}://${server.user}@${server.host}:${server.port}/masked?password_env=SECRET`;
      const env = { KEY: 'a key for tests only' };
      await drills.run(['backup', url, '--mask', rules], { env });
      const { stdout } = await drills.run([
        'drill',
        'latest',
        '--path',
        path.replace(/shop$/, 'masked/masked'),
      ]);
      assert.match(stdout, /compared 1 tables, 3 rows, /);
      assert.match(stdout, /\nproven: /);
    });

    it('proves a masked snapshot with computed columns, and addresses in programs', async () => {
      await server.createDatabase('computed');
      await server.query(
        'computed',
        `create table a (i int primary key, n varchar(30), v varchar(40) generated always as (concat(n, '!')) virtual,
           s varchar(40) generated always as (lower(n)) stored);
         insert into a (i, n) values (1, 'Ada Byron'), (2, null), (3, 'ann@corp.test');
         create trigger signs before insert on a for each row set new.n = ifnull(new.n, 'boss@corp.test');
         create procedure tell() select 'help@corp.test' from a;
         create view who as select 'view@corp.test' as mail, v from a`,
      );
      const rules = join(drills.folder, 'computed.yaml');
      writeFileSync(rules, `key: env:KEY\nemail-anywhere: nobody@example.com\ncolumns: { a.n: name }\n`);
      const url = `${kind}://${server.user}@${server.host}:${server.port}/computed?password_env=SECRET`;
      const env = { KEY: 'a key for tests only' };
      const masked = path.replace(/shop$/, 'computed/masked');
      await drills.run(['backup', url, '--mask', rules], { env });
      const { stdout } = await drills.run(['drill', 'latest', '--path', masked]);
      assert.match(stdout, /compared 1 tables, 3 rows, /);
      assert.match(stdout, /\nproven: /);
      const dump = await drills.run(['dump', 'latest', '--path', masked]);
      assert.doesNotMatch(dump.stdout, /corp\.test/);
    });

    if (kind === 'mariadb') {
      it('counts rows whose times the server sets anew, and says so', async () => {
        await server.createDatabase('timed');
        const period = (more: string) =>
          `rs timestamp(6) generated always as row start ${more}, re timestamp(6) generated always as row end ${more},
           period for system_time (rs, re)`;
        await server.query(
          'timed',
          `create table price (id int auto_increment primary key, v int, ${period('')}) with system versioning;
           create table hidden (v int, ${period('invisible')}) with system versioning;
           create table bare (v int) with system versioning;
           insert into price (v) values (1), (2); insert into hidden (v) values (3); insert into bare values (4)`,
        );
        const url = `${kind}://${server.user}@${server.host}:${server.port}/timed?password_env=SECRET`;
        const timed = path.replace(/shop$/, 'timed');
        for (const env of [{}, { HOLDFAST_REPOSITORY: `archive:${join(drills.folder, 'timed')}` }]) {
          await drills.run(['backup', url], { env });
          const { stdout } = await drills.run(['drill', 'latest', '--path', timed], { env });
          assert.match(stdout, /compared 3 tables, 4 rows, /);
          assert.match(stdout, /note: the rows of price were counted and not compared, /);
          assert.match(stdout, /note: the rows of hidden were counted and not compared, /);
          assert.doesNotMatch(stdout, /the rows of bare/);
          assert.match(stdout, /\nproven: /);
        }
      });
    }

    it('notices what is not as it was', async () => {
      await drills.rewrite(path, (name, text) => {
        switch (name) {
          case '2-data.orders.sql':
            return text.replace('(1,1),\n', '');
          case '2-data.customer.sql':
            return text.replace("'b'", "'z'");
          case '3-programs.sql':
            return text.replace('2 * n', '3 * n');
          case 'evidence.json':
            return text.replace('"autoIncrement": "4"', '"autoIncrement": "5"');
        }
        return text;
      });
      const { stdout } = await drills.run(['drill', 'latest'], { expect: 20 });
      assert.match(stdout, /differs: orders has 1 rows instead of 2\n/);
      assert.match(stdout, /differs: the rows of customer are not the same\n/);
      assert.match(stdout, /differs: the next row of customer gets 4 instead of 5\n/);
      assert.match(stdout, /differs: the schema in the snapshot is not the one that was backed up\n/);

      await drills.rewrite(path, (name, text) =>
        name === '1-schema.sql' ? text.replace('PRIMARY KEY', 'PRIMARY KEX') : text,
      );
      const broken = await drills.run(['drill', 'latest'], { expect: 20 });
      assert.match(broken.stdout, /differs: it cannot be restored: .*You have an error in your SQL syntax/);
    });

    it('names what this machine lacks', async () => {
      await drills.rewrite(path, (name, text) =>
        name === 'evidence.json' ? text.replace(/"server": "\d+/, '"server": "99') : text,
      );
      const { stderr } = await drills.run(['drill', 'latest'], { expect: 21 });
      assert.match(
        stderr,
        /could not be drilled: the snapshot is of \w+ 99\.\d+, and here is [\d., ]+ alone\nhint: install the package \w+-server in version 99/,
      );
    });

    it('leaves nothing when it is interrupted, when its server dies, and no server when it is killed', async () => {
      await drills.rewrite(path, (_, text) => text);
      const held = () => drills.heldUp('select sleep(100)', 'run/pid');
      const interrupted = await held();
      interrupted.child.kill('SIGINT');
      assert.deepEqual(await interrupted.ended, [130, null], interrupted.said());
      assert.deepEqual(readdirSync(interrupted.temporary), []);
      assert.ok(await endsSoon(interrupted.pid));

      const orphaned = await held();
      process.kill(orphaned.pid, 'SIGKILL');
      assert.deepEqual(await orphaned.ended, [21, null], orphaned.said());
      assert.match(
        orphaned.said(),
        /could not be drilled: the throwaway server died: \w+ was ended by SIGKILL/,
      );
      assert.deepEqual(readdirSync(orphaned.temporary), []);

      const killed = await held();
      killed.child.kill('SIGKILL');
      await killed.ended;
      assert.ok(await endsSoon(killed.pid));
    });
  });
}
