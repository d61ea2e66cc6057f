/** The scripts that the images of MySQL and MariaDB run when they start, run as these do it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMysql } from '../support/mysql.ts';
import { holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const start = { MariaDB: startMariadb, MySQL: startMysql };

for (const product of ['MariaDB', 'MySQL'] as const) {
  const tool = product === 'MariaDB' ? 'mariadb' : 'mysql9';
  it(
    `dump --format initdb of ${product}, and restore --with-roles`,
    { skip: skipWithout(tool, 'mariadb-dump'), timeout: 200_000 },
    async () => {
      const server = await start[product]();
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-initdb-'));
      try {
        const repository = join(folder, 'repository');
        await makeRepositoryFolder(repository, { chunker: 'fast' });
        const env = { HOLDFAST_MYSQL_BIN: server.bin, HOME: folder, SECRET: server.password };
        const ours = holdfast({ repository, password, env });
        const url = `${product.toLowerCase()}://${server.user}@${server.host}:${server.port}/shop?password_env=SECRET`;
        await server.createDatabase('shop');
        await server.query(
          'shop',
          `alter database shop character set latin1 collate latin1_bin;
           create table item (id int auto_increment primary key, name text); insert into item (name) values ('a;\\n'), ('b');
           create view names as select name from item; create function two() returns int deterministic return 2;
           create user 'ada'@'%' identified by 'secret of ada'; grant select on shop.item to 'ada'@'%';
           grant execute on function shop.two to 'ada'@'%'; create role reader; create database crm; create table crm.person (id int);
           grant select on crm.person to reader; grant select on shop.names to reader; grant reader to 'ada'@'%';`,
        );
        await ours.run(['backup', url]);
        const scripts = join(folder, 'initdb.d');
        await ours.run(['dump', 'latest', '--format', 'initdb', '--target', scripts]);
        const names = readdirSync(scripts).toSorted();
        assert.deepEqual(names, ['10-shop.sql.gz', '20-users.sql.gz']);
        const grants = async (): Promise<string> => server.query('mysql', `show grants for 'ada'@'%'`);
        const before = await grants();
        await server.query('mysql', `drop database shop; drop user 'ada'@'%'; drop role reader;`);
        for (const name of names) {
          const script = gunzipSync(readFileSync(join(scripts, name))).toString();
          if (name.includes('users')) assert.doesNotMatch(script, /root['`]@/);
          await server.query('mysql', script);
        }
        assert.equal(await grants(), before);
        assert.equal(
          (
            await server.query(
              'shop',
              'select count(*), two() from names; select @@character_set_database, @@collation_database',
            )
          ).trim(),
          '2\t2\nlatin1\tlatin1_bin',
        );
        // rights on tables are given once these are there
        await server.query(
          'mysql',
          `drop database shop; drop user 'ada'@'%'; drop role reader; drop database crm;`,
        );
        const restored = await ours.run(['restore', 'latest', '--to', url, '--create', '--with-roles']);
        assert.equal(await grants(), before);
        assert.match(restored.stderr, /rights on what is not on this server are left out: `crm`\.`person`/);
      } finally {
        await server.stop();
        removeTree(folder);
      }
    },
  );
}
