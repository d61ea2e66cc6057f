/** Databases of MySQL on MariaDB and the other way round: what can go there does, and what cannot is named before anything is written. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMysql } from '../support/mysql.ts';
import { type BackupProgram, holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const content = `
  create table people (id int auto_increment primary key, name varchar(80) not null unique, doc json,
    at timestamp default current_timestamp, note text,
    loud varchar(90) generated always as (concat(name, '!')) stored, initial char(1) as (left(name, 1)));
  insert into people (name, doc, note) values ('Ada', '{"a": 1}', 'x\\ny'), ('Élan', null, null);
  create table orders (id int primary key, person int, foreign key (person) references people (id));
  insert into orders values (1, 1), (2, 2);
  create trigger touch before insert on orders for each row set new.id = new.id + 10;
  create function doubled(n int) returns int deterministic return 2 * n;
  create view known as select name from people where note is not null;
`;

describe(
  'from one family to the other',
  { skip: skipWithout('mariadb', 'mysql9', 'mariadb-dump'), timeout: 300_000 },
  () => {
    let folder: string;
    let servers: Record<'mysql' | 'mariadb', DatabaseServer>;
    let ours: BackupProgram;
    const url = (kind: 'mysql' | 'mariadb', database: string): string =>
      `${kind}://${servers[kind].user}@${servers[kind].host}:${servers[kind].port}/${database}?password_env=SECRET_${kind}`;

    before(async () => {
      const mariadb = await startMariadb();
      const mysql = await startMysql();
      servers = { mysql, mariadb };
      folder = mkdtempSync(join(tmpdir(), 'holdfast-across-'));
      const repository = join(folder, 'repository');
      await makeRepositoryFolder(repository, { chunker: 'fast' });
      const env = { HOME: folder, SECRET_mysql: mysql.password, SECRET_mariadb: mariadb.password };
      ours = holdfast({ repository, password, env });
    });
    after(async () => {
      await Promise.all([servers.mysql.stop(), servers.mariadb.stop()]);
      removeTree(folder);
    });

    const cases = [
      {
        from: 'mysql',
        to: 'mariadb',
        odd: `create table functional (a varchar(9), key k ((lower(a))));
        create table german (a varchar(9) collate utf8mb4_de_pb_0900_ai_ci)`,
        obstacles:
          /MariaDB does not take the table functional: a key of an expression; the table german: the collation utf8mb4_de_pb_0900_ai_ci/,
        change: /for MariaDB utf8mb4_0900_ai_ci becomes utf8mb4_u/,
      },
      {
        from: 'mariadb',
        to: 'mysql',
        odd: `create table functional (a uuid default uuid(), b text default 'x') engine = aria; create sequence numbers`,
        obstacles:
          /MySQL does not take .*the table functional: the type uuid of a; the table functional: the default value of a; the table functional: the default value of b; the table functional: the engine Aria/,
        change: /they differ in places/,
      },
    ] as const;
    for (const { from, to, odd, obstacles, change } of cases) {
      const bin = (kind: 'mysql' | 'mariadb') => ({ env: { HOLDFAST_MYSQL_BIN: servers[kind].bin } });

      it(`takes a database of ${from} to ${to}`, async () => {
        await servers[from].createDatabase('shop');
        await servers[from].query('shop', content);
        await ours.run(['backup', url(from, 'shop')], bin(from));
        const restored = await ours.run(
          ['restore', 'latest', '--create', '--to', url(to, 'shop_copy')],
          bin(to),
        );
        assert.match(restored.stderr, change);
        for (const question of [
          'select id, name, note, loud, initial from people order by id',
          'select count(*) from people p join orders o on o.person = p.id',
          'select doubled(4), count(*) from known',
          `insert into orders values (5, 1); select max(id) from orders; delete from orders where id = 15`,
          `select count(*) from people where name = 'ada'`,
        ]) {
          const [there, here] = [
            await servers[to].query('shop_copy', question),
            await servers[from].query('shop', question),
          ];
          assert.equal(there, here, question);
        }
      });

      it(`names what of ${from} cannot go to ${to}, and writes nothing`, async () => {
        await servers[from].createDatabase('odd');
        await servers[from].query(
          'odd',
          `create table plain (id int primary key); insert into plain values (7); ${odd}`,
        );
        await ours.run(['backup', url(from, 'odd')], bin(from));
        const refused = await ours.run(['restore', 'latest', '--create', '--to', url(to, 'odd_copy')], {
          ...bin(to),
          expect: 1,
        });
        assert.match(refused.stderr, obstacles);
        assert.equal(await servers[to].query('', `show databases like 'odd_copy'`), '');
        await servers[to].createDatabase('odd_copy');
        await ours.run(['restore', 'latest', '--to', url(to, 'odd_copy'), '--table', 'plain'], bin(to));
        assert.equal(await servers[to].query('odd_copy', 'select id from plain'), '7\n');
        const users = await ours.run(
          ['restore', 'latest', '--create', '--with-roles', '--to', url(to, 'users')],
          { ...bin(to), expect: 1 },
        );
        assert.match(users.stderr, /does not take the users of M/);
      });
    }
  },
);
